"""Training: packed scenes, crops, targets, losses, and the run that ends with a model file.

Nothing here needs a GIS library, so a packed data set trains on any machine with torch,
segmentation_models_pytorch, albumentations and lightning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords
from geoseg.settings import Precision, Runtime

if TYPE_CHECKING:
    from geoseg.progress import Progress
    from geoseg.scenes.scene import Asked
    from geoseg.train.config import TrainConfig
    from geoseg.train.results import Training, Tuning


_TRAINING = ("albumentations", "cv2", "lightning", "torch", "segmentation_models_pytorch")
_TUNING = ("cv2",)
"""What the extra ``train`` brings, by the names that are imported."""


@checked_keywords
def train_model(
    config: str | Path | TrainConfig | None = None,
    *,
    scenes: str | Path | None = None,
    output: str | Path | None = None,
    start: str | Path | None = None,
    minutes: float | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Training:
    """Fine-tune the built-in model on packed scenes, or train one as a configuration says.

    Args:
        config: A YAML file, or what is in it; None fine-tunes the built-in model for 20 minutes and
            needs ``scenes`` and ``output``.
        scenes: Folder of packed scenes, in place of the configuration's ``data.scenes``.
        output: Folder for checkpoints, logs and the model file, in place of its ``output``.
        start: "default", "imagenet", "scratch" or a .safetensors file, in place of its ``start``.
        minutes: How long to train, in place of its steps and minutes.
        resume: Go on from the last checkpoint in the output folder, where there is one.
        overwrite: Start anew where the output folder holds a training.
        progress: Told after every step and every scoring on held-out places.

    Returns:
        The model file, its scores before and after, and what makes them doubtful.

    Raises:
        MissingDependencyError: The packages that training needs are not installed.
        GeosegError: The configuration, the scenes or the output cannot be used; one sentence.
    """
    from geoseg.progress import heard
    from geoseg.train.recipe import configured
    from geoseg.train.results import Training

    checked = configured(config, scenes=scenes, output=output, start=start, minutes=minutes)
    from geoseg.models.extras import require

    require(_TRAINING, "training", "train")
    from geoseg.train.curves import draw_curves
    from geoseg.train.doubts import doubts_of
    from geoseg.train.run import train

    with heard(progress) as told:
        done = train(checked, resume=resume, overwrite=overwrite, progress=told)
    return Training(
        done.path,
        done.last.step,
        done.last.loss,
        dict(done.last.f1),
        dict(done.before),
        done.handed,
        draw_curves(checked.output, done.before, done.last),
        doubts_of(done),
    )


@checked_keywords
def tune_model(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    model: str | Path,
    output: str | Path,
    *,
    scenes: str | Path,
    split: Asked = "val",
    gsd_ranges: Sequence[tuple[float, float]] = (),
    place_weights: Mapping[str, float] | None = None,
    max_area_bias: float = 0.03,
    draws: int = 1,
    tta: bool | None = None,
    notes: Sequence[str] = (),
    html: str | Path | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Tuning:
    """Choose a model's thresholds on held-out scenes and calibrate its confidence.

    The rule: best mean F1 at IoU 0.5 with total areas kept true. The tensors stay as they are; what int8 needs is
    measured on scenes to learn from where the file lacks it.

    Args:
        model: "default" or a .safetensors file.
        output: The model file to write, .safetensors.
        scenes: Folder of packed scenes.
        split: Which of them to choose on. "all" where too little is labelled to hold some out, as in a
            review: the scores flatter then, and the card says so.
        gsd_ranges: Ranges of pixel sizes that the model may declare, metres, to choose among; none:
            the model's own.
        place_weights: Weights of places in the means; places not named are only reported. None: 1
            each, 0 where touching buildings are one blob.
        max_area_bias: Limit of the mean absolute bias of the places' total areas, 0..1.
        draws: How often every scene is taken, each time with other rows and columns cut off, so
            that thresholds do not fit one position of the network's lattice.
        tta: Whether maps are averaged over two views, here and in every prediction; None: as the file
            says.
        notes: Paragraphs for the model's card, in place of those in the file.
        html: The model's card as a page to write.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        precision: "auto", "fp32", "bf16" or "int8"; auto is fp32 for the built-in model as well, since it is
            fp32 for the file that is written.
        runtime: "auto", "torch", "openvino" or "onnxruntime".
        overwrite: Replace ``output`` and ``html`` where they are there already.
        progress: Told scene by scene, and while thresholds are chosen.

    Returns:
        What was chosen, and how well it does.

    Raises:
        MissingDependencyError: The packages that tuning needs are not installed.
        GeosegError: The model, the scenes or the outputs cannot be used; one sentence.
    """
    from geoseg.models.extras import require

    require(_TUNING, "tuning", "train")
    from geoseg.files.atomic import scratch_folder
    from geoseg.files.target import PAGE, check_target
    from geoseg.models.card import write_card
    from geoseg.models.loading import check_names, dense_file
    from geoseg.models.runtimes.choosing import load_dense
    from geoseg.models.weights import load_arrays, save_weights
    from geoseg.progress import heard
    from geoseg.scenes.scene import load_scenes
    from geoseg.train.doubts import FLATTERED, tuning_doubts
    from geoseg.train.ranges import scenes_for_ranges, with_ranges
    from geoseg.train.results import Tuning
    from geoseg.train.tune import TuneOptions, tune

    target = check_target(Path(output), [".safetensors"], overwrite=overwrite)
    page = None if html is None else check_target(Path(html), PAGE, overwrite=overwrite)
    options = TuneOptions(tuple(gsd_ranges), place_weights or {}, max_area_bias, draws, tta)
    check_names(device, precision, runtime)
    path = dense_file(model)
    with scratch_folder(target):  # two runs would take hours to replace each other's
        tensors, _ = load_arrays(path)
        # Not as the built-in model, even where it is: what is written runs in fp32 unless int8 is asked for.
        loaded = load_dense(path, device=device, precision=precision, runtime=runtime)
        with heard(progress) as told:
            metadata = tune(loaded, load_scenes(Path(scenes), split), options, told)
        told_of = (*(notes or metadata.notes), *(() if split == "val" else (FLATTERED,)))
        metadata = metadata.model_copy(update={"notes": tuple(dict.fromkeys(told_of))})
        measured = with_ranges(tensors, metadata, scenes_for_ranges(Path(scenes), split))
        save_weights(measured, metadata, target)
        if page is not None:
            write_card(target, page)
    return Tuning(metadata, target, page, tuning_doubts(metadata))
