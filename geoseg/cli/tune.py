"""``geoseg tune``: thresholds and calibration from held-out scenes, into the model file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.options import Device, Json, Overwrite, Quiet, Tta, parse_numbers
from geoseg.cli.terminal import terminal
from geoseg.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from geoseg.models.weights import Metadata

GSD_ENDS = 2


def tune(
    model: Annotated[
        str, typer.Argument(help='"default" or a .safetensors file.', show_default=False)
    ],
    *,
    data: Annotated[
        Path,
        typer.Option(help="Folder of packed scenes; those of the split val are used."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Model file to write, .safetensors.")
    ],
    gsd: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LO,HI",
            help="Range of pixel sizes that the model may declare, metres; give several to choose "
            "among them. Without: the model's own.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--place-weights",
            metavar="PLACE=W,...",
            help="Weights of places in the means; places not named are only reported. Without: 1 "
            "each, 0 where touching buildings are one blob.",
        ),
    ] = None,
    max_area_bias: Annotated[
        float,
        typer.Option(help="Limit of the mean absolute bias of the places' total areas, 0.03: 3 %."),
    ] = 0.03,
    draws: Annotated[
        int,
        typer.Option(
            min=1,
            help="How often to take every scene, each time with other rows and columns cut off, so "
            "that thresholds do not fit one position of the network's lattice. Takes as much longer.",
        ),
    ] = 1,
    tta: Tta = None,
    note: Annotated[
        list[str] | None,
        typer.Option(help="A paragraph for the card, in place of those in the file; repeatable."),
    ] = None,
    card: Annotated[
        Path | None, typer.Option(help="Also write the model's card, Markdown.")
    ] = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Choose a model's thresholds on held-out scenes and calibrate its confidence.

    The rule: best mean F1 at IoU 0.5 with total areas kept true. Confidence becomes the estimated
    probability that a building is real with IoU >= 0.5, fitted by leaving out places in turn, and
    buildings too unlikely are dropped. The tensors stay as they are.

    geoseg tune model.safetensors --data chips -o tuned.safetensors --card tuned.md
    """
    _check_outputs(output, card, overwrite=overwrite)
    from geoseg.files.atomic import output_errors, write_text
    from geoseg.models.card import render_card
    from geoseg.models.dense import TorchDenseModel
    from geoseg.models.loading import model_file
    from geoseg.models.weights import load_weights, save_weights
    from geoseg.scenes.scene import load_scenes
    from geoseg.train.tune import TuneOptions
    from geoseg.train.tune import tune as run

    options = TuneOptions(
        tuple(_gsd_range(text) for text in gsd or ()),
        _place_weights(weights),
        max_area_bias,
        draws,
        tta,
    )
    path = model_file(model)
    tensors, _ = load_weights(path)
    loaded = TorchDenseModel.from_file(path, device=device)
    with _status(show=not (quiet or as_json)) as told:
        metadata = run(loaded, load_scenes(data, "val"), options, told)
    if note:
        metadata = metadata.model_copy(update={"notes": tuple(note)})
    save_weights(tensors, metadata, output)
    if card is not None:
        with output_errors(card):
            write_text(render_card(output), card)
    if as_json:
        typer.echo(json.dumps(_summary(metadata, output)))
    elif not quiet:
        _show(metadata, output)


def _check_outputs(output: Path, card: Path | None, *, overwrite: bool) -> None:
    """Before minutes of work."""
    from geoseg.files.target import check_target

    check_target(output, [".safetensors"], overwrite=overwrite)
    if card is not None:
        check_target(card, None, overwrite=overwrite)


def _gsd_range(text: str) -> tuple[float, float]:
    ends = parse_numbers(text, "--gsd") or ()
    if len(ends) != GSD_ENDS:
        raise UsageError(f"--gsd takes low,high in metres, such as 0.35,0.4; got {text!r}")
    return ends[0], ends[1]


def _place_weights(text: str | None) -> dict[str, float]:
    if text is None:
        return {}
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        return {place.strip(): float(weight) for place, _, weight in pairs}
    except ValueError:
        raise UsageError(
            f"--place-weights takes place=weight,..., such as east=1,west=0.5; got {text!r}"
        ) from None


@contextmanager
def _status(*, show: bool) -> Iterator[Callable[[str], None] | None]:
    """A line on stderr that says what is going on."""
    console = terminal(show=show)
    if console is None:
        yield None
        return
    with console.status("starting") as status:
        yield status.update


def _summary(metadata: Metadata, output: Path) -> dict[str, object]:
    described = metadata.model_dump(
        mode="json", include={"gsd_m", "decoding", "tta", "calibration", "validation", "metrics"}
    )
    return {"output": str(output)} | described


def _show(metadata: Metadata, output: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=True, soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("place", "buildings", "F1", "precision", "recall", "IoU", "area", "weight"):
        table.add_column(title, justify="left" if title == "place" else "right")
    validation = metadata.validation
    weights = {} if validation is None else validation.place_weights
    for place, scores in metadata.metrics.items():
        ratios = [f"{scores[name]:.3f}" for name in ("f1", "precision", "recall", "pixel_iou")]
        bias, weight = f"{scores['area_bias']:+.1%}", f"{weights.get(place, 1):g}"
        table.add_row(place, f"{scores['buildings']:.0f}", *ratios, bias, weight)
    console.print(table)
    thresholds = ", ".join(f"{name} {value:g}" for name, value in metadata.decoding)
    console.print(f"thresholds  {thresholds}")
    flips = "chosen and used on the mean of four flips" if metadata.tta else "none"
    console.print(f"flips       {flips}")
    if metadata.gsd_m is not None:
        console.print(f"pixel size  {metadata.gsd_m[0]:g} to {metadata.gsd_m[1]:g} m")
    if validation is not None:
        limit = f"the limit is {validation.max_area_bias:.1%}"
        console.print(
            f"mean        F1 {validation.f1:.3f}, bias {validation.area_bias:.1%}; {limit}"
        )
    _show_calibration(console, metadata)
    console.print(f"Model written to {output}")


def _show_calibration(console: Console, metadata: Metadata) -> None:
    calibration, validation = metadata.calibration, metadata.validation
    if calibration is None or validation is None or validation.ece is None:
        kept = "raw" if calibration is None else "as the model had it before"
        console.print(f"confidence  {kept}: too few buildings, or a single scene, to calibrate on")
        return
    console.print(
        f"confidence  calibrated on {validation.buildings} buildings; error {validation.ece_raw:.3f}"
        f" raw, {validation.ece:.3f} calibrated ({validation.folds} left out in turn); buildings "
        f"below {calibration.min_probability:g} are dropped"
    )
