"""``geoseg tune``: thresholds and calibration from held-out scenes, into the model file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from geoseg.cli.answers import answer_json, note
from geoseg.cli.options import (
    Device,
    Html,
    Json,
    Overwrite,
    Precision,
    Progress,
    Quiet,
    Runtime,
    Tta,
    Verbose,
    parse_range,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show_rows
from geoseg.cli.telling import tell
from geoseg.errors import UsageError
from geoseg.languages.counting import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoseg.models.weights import Metadata
    from geoseg.scenes.scene import Asked
    from geoseg.train.results import Tuning


def tune(
    model: Annotated[
        str, typer.Argument(help='"default" or a .safetensors file.', show_default=False)
    ],
    *,
    scenes: Annotated[
        Path,
        typer.Option(help="Folder of packed scenes."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Model file to write, .safetensors.")
    ],
    split: Annotated[
        str,
        typer.Option(
            help="Scenes to choose on: val, train or all; all where too little is labelled to hold some "
            "out, as in a review."
        ),
    ] = "val",
    gsd_range: Annotated[
        list[str] | None,
        typer.Option(
            "--gsd-range",
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
    html: Html = None,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Choose a model's thresholds on held-out scenes and calibrate its confidence.

    The rule: best mean F1 at IoU 0.5 with total areas kept true. Confidence becomes the estimated
    probability that a building is real with IoU >= 0.5, fitted by leaving out places in turn, and
    buildings too unlikely are dropped. The tensors stay as they are.

    geoseg tune model.safetensors --scenes chips -o tuned.safetensors --html card.html
    """
    tell(verbose)
    from geoseg.train import tune_model

    ranges = [parse_range(text, "--gsd-range", may_be_one=True) for text in gsd_range or ()]
    with watching(progress, quiet=quiet) as told:
        done = tune_model(
            model,
            output,
            scenes=scenes,
            split=cast("Asked", split),
            gsd_ranges=[one for one in ranges if one is not None],
            place_weights=_place_weights(weights),
            max_area_bias=max_area_bias,
            draws=draws,
            tta=tta,
            notes=tuple(note or ()),
            html=html,
            device=device,
            precision=precision,
            runtime=runtime,
            overwrite=overwrite,
            progress=told,
        )
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        _show(done)


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


def _show(done: Tuning) -> None:
    from rich.console import Console
    from rich.table import Table

    metadata, console = done.metadata, Console(soft_wrap=True)
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
    show_rows([*_chosen(metadata), ("output", str(done.output)), ("page", str(done.html or ""))])
    note(done.doubts)


def _views(metadata: Metadata) -> str:
    if metadata.tta:
        return "chosen and used on the mean of two, the image and its half turn"
    return "two where photos need not be enlarged" if metadata.tta_native else "one"


def _chosen(metadata: Metadata) -> Iterator[tuple[str, str]]:
    validation, gsd_m = metadata.validation, metadata.gsd_m
    yield "thresholds", ", ".join(f"{name} {value:g}" for name, value in metadata.decoding)
    if validation is not None and not validation.kept and validation.gain is not None:
        truer = "" if validation.surely_more else ", and truer total areas"
        where = "on ground they were not chosen on, piece by piece"
        yield "gain", f"F1 {validation.gain:+.3f}{truer} {where}"
    yield "views", _views(metadata)
    yield "pixel size", "" if gsd_m is None else f"{gsd_m[0]:g} to {gsd_m[1]:g} m"
    if validation is not None:
        limit = f"the limit is {validation.max_area_bias:.1%}"
        if validation.bias_error:
            limit += f", wider as the bias is known to +-{2 * validation.bias_error:.1%} alone"
        yield "mean", f"F1 {validation.f1:.3f}, bias {validation.area_bias:.1%}; {limit}"
    yield "confidence", _calibrated(metadata)


def _calibrated(metadata: Metadata) -> str:
    calibration, validation = metadata.calibration, metadata.validation
    if calibration is None or validation is None or validation.ece is None:
        kept = "raw" if calibration is None else "as the model had it before"
        if (
            calibration is not None
            and validation is not None
            and validation.kept
            and not calibration.inherited
        ):
            return kept
        return f"{kept}: too few buildings or a single scene to calibrate on, or fewer found with another"
    if not validation.buildings:
        return "none: nothing was found on the scenes, so there is nothing to calibrate on"
    return (
        f"calibrated on {counted(validation.buildings, 'building')}; error {validation.ece_raw:.3f}"
        f" raw, {validation.ece:.3f} calibrated ({validation.folds} left out in turn); buildings "
        f"below {calibration.min_probability:g} are left out"
    )
