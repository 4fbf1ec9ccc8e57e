"""How good are predicted buildings? ``geoseg.evaluate(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from geoseg.keywords import checked_keywords
from geoseg.settings import Precision, Runtime

if TYPE_CHECKING:
    from geoseg.accuracy.evaluation import Evaluation
    from geoseg.accuracy.options import LayerOptions
    from geoseg.languages.language import Code
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.progress import Progress
    from geoseg.tiles.given import AreaInput
    from geoseg.vectors.layers import VectorInput


@checked_keywords
def evaluate(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    predictions: VectorInput | Sequence[VectorInput],
    truth: VectorInput | Sequence[VectorInput] | None = None,
    *,
    review: str | Path | None = None,
    aoi: AreaInput | None = None,
    aoi_layer: str | None = None,
    ignore: AreaInput | None = None,
    ignore_layer: str | None = None,
    place_column: str | None = None,
    confidence: str = "confidence",
    gsd_m: float | None = None,
    boundary_m: float = 1.0,
    min_area_m2: float = 0.0,
    layer: str | None = None,
    truth_layer: str | None = None,
    raster: str | Path | Sequence[str | Path] = (),
    output: str | Path | Sequence[str | Path] | None = None,
    html: str | Path | None = None,
    language: Code = "en",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure predicted buildings against true ones.

    Args:
        predictions: A polygon file or a GeoDataFrame of any CRS; or several, one per place.
        truth: The true buildings, in any CRS; as many as ``predictions``.
        review: A file by ``geoseg review`` instead: the true buildings are those of its checked
            plots, and the result also says what they tell of all ground.
        aoi: Polygons where the truth is complete; None: everywhere, or what the imagery showed by
            the layer ``extent`` of the predictions. A file, a GeoDataFrame, a geometry or bounds,
            these in the CRS of the truth.
        aoi_layer: Layer of ``aoi``, where there are several.
        ignore: The same where nobody knows.
        ignore_layer: Layer of ``ignore``, where there are several.
        place_column: Column that names places, of ``aoi`` or else of both layers.
        confidence: Column of the predictions' confidence.
        gsd_m: Pixel size of the pixel measures; None: that of the imagery where the predictions
            know it, else 0.3.
        boundary_m: Width of the band of the boundary IoU, metres.
        min_area_m2: Smaller buildings do not count.
        layer: Layer of the predictions, where there are several.
        truth_layer: Layer of the truth, where there are several.
        raster: Photos for the pictures of the page.
        output: Files to write: all figures as .json, a row per place as .csv.
        html: A page to write, with pictures of the worst misses.
        language: Of the page: ``"en"``, ``"de"``, ``"fr"``, ``"es"`` or ``"pt"``. What programs read stays the same.
        overwrite: Replace outputs that are there already.
        progress: Told place by place.

    Returns:
        Figures per place and of all places; see ``Evaluation``.

    Raises:
        GeosegError: when an input cannot be used; the message is one sentence.
    """
    from geoseg.accuracy.evaluation import evaluate_layers
    from geoseg.accuracy.options import LayerOptions, Measure
    from geoseg.accuracy.reviewed import evaluate_review
    from geoseg.accuracy.write import check_outputs, write_evaluation
    from geoseg.files.target import paths_of, with_page
    from geoseg.languages.language import language_of
    from geoseg.progress import heard

    options = LayerOptions(
        aoi=aoi, aoi_layer=aoi_layer, ignore=ignore, ignore_layer=ignore_layer,
        place_column=place_column, confidence=confidence, layer=layer, truth_layer=truth_layer,
        gsd_m=gsd_m, rasters=paths_of(raster),
    )  # fmt: skip
    outputs = with_page(output, html)
    spoken = language_of(language)
    measure = Measure(boundary_m, min_area_m2)
    pairs = [] if review is not None else _pairs(predictions, () if truth is None else truth)
    alone = _alone(predictions, truth, options) if review is not None else None
    read = [*(layer for pair in pairs for layer in pair), alone, review, aoi, ignore]
    check_outputs(outputs, [*read, *paths_of(raster)], overwrite=overwrite)
    with heard(progress) as told:
        if alone is not None:
            result = evaluate_review(alone, review, options, measure, told)
        else:
            result = evaluate_layers(pairs, options, measure, told)
    for path in outputs:
        write_evaluation(result, path, spoken)
    return result


@checked_keywords
def evaluate_model(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    model: str | Path | DenseModel | InstanceModel,
    scenes: str | Path,
    *,
    split: Literal["val", "train", "all"] = "val",
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    tta: bool | None = None,
    boundary_m: float = 1.0,
    min_area_m2: float = 0.0,
    output: str | Path | Sequence[str | Path] | None = None,
    html: str | Path | None = None,
    language: Code = "en",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Run a model over packed scenes, as ``geoseg.predict`` does, and measure what it finds.

    Args:
        model: See ``geoseg.predict``.
        scenes: Folder of packed scenes (``*.npz``).
        split: "val", "train" or "all".
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        precision: "auto", "fp32", "bf16" or "int8".
        runtime: "auto", "torch", "openvino" or "onnxruntime".
        tta: Average the maps over the image and itself turned by half, twice the work; None: as
            the model's file says of each scene.
        boundary_m: Width of the band of the boundary IoU, metres.
        min_area_m2: Smaller buildings do not count.
        output: Files to write: all figures as .json, a row per place as .csv.
        html: A page to write, with pictures of the worst misses.
        language: Of the page: ``"en"``, ``"de"``, ``"fr"``, ``"es"`` or ``"pt"``. What programs read stays the same.
        overwrite: Replace outputs that are there already.
        progress: Told scene by scene.

    Returns:
        Figures per place and of all places; see ``Evaluation``.

    Raises:
        GeosegError: when an input cannot be used; the message is one sentence.
    """
    from geoseg.accuracy.evaluation import evaluate_scenes
    from geoseg.accuracy.options import Measure
    from geoseg.accuracy.scenes import scored_files
    from geoseg.accuracy.write import check_outputs, write_evaluation
    from geoseg.files.target import with_page
    from geoseg.languages.language import language_of
    from geoseg.models import load_model
    from geoseg.progress import heard

    outputs = with_page(output, html)
    spoken = language_of(language)
    check_outputs(outputs, (), overwrite=overwrite)
    measure = Measure(boundary_m, min_area_m2)
    files = scored_files(Path(scenes), split)
    loaded = load_model(model, device=device, precision=precision, runtime=runtime)
    with heard(progress) as told:
        result = evaluate_scenes(loaded, files, split, measure, told, tta=tta)
    for path in outputs:
        write_evaluation(result, path, spoken)
    return result


def _alone(
    predictions: VectorInput | Sequence[VectorInput], truth: object, options: LayerOptions
) -> VectorInput:
    """The one layer of predictions that a review is of."""
    from geoseg.errors import UsageError

    names = ("aoi", "aoi_layer", "ignore", "ignore_layer", "place_column", "truth_layer")
    given = [name for name in names if getattr(options, name) is not None]
    if truth is not None and not (isinstance(truth, (list, tuple)) and not truth):
        given.insert(0, "truth")
    if given:
        raise UsageError(
            f"--review brings the truth and the places where it is known; leave {', '.join(given)} out"
        )
    if isinstance(predictions, (list, tuple)):
        if len(predictions) != 1:
            raise UsageError(f"--review is of one layer of predictions; got {len(predictions)}")
        return predictions[0]
    return predictions


def _pairs(
    predictions: VectorInput | Sequence[VectorInput], truth: VectorInput | Sequence[VectorInput]
) -> list[tuple[VectorInput, VectorInput]]:
    from geoseg.errors import UsageError

    ours, theirs = (
        list(given) if isinstance(given, (list, tuple)) else [given]
        for given in (predictions, truth)
    )
    if not ours or len(ours) != len(theirs):
        raise UsageError(
            f"every layer of predictions needs one of truth; got {len(ours)} and {len(theirs)}"
        )
    return list(zip(ours, theirs, strict=True))
