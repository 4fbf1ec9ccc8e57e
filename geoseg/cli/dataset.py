"""``geoseg dataset``: imagery and labels in, a data set to train on out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.answers import answer_json, note
from geoseg.cli.dataset_inputs import given_pairs, packed_folder
from geoseg.cli.options import (
    Device,
    Html,
    Json,
    KeepBlank,
    Nodata,
    Overwrite,
    Precision,
    Progress,
    Quiet,
    Runtime,
    Verbose,
    area_option,
    parse_nodata,
    parse_range,
    parse_whole_numbers,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show_findings, show_rows
from geoseg.cli.telling import tell
from geoseg.errors import UsageError
from geoseg.languages.counting import counted
from geoseg.progress import ignored

if TYPE_CHECKING:
    from geoseg.labelled.checking import Checked
    from geoseg.labelled.request import PackOptions, Pair
    from geoseg.progress import Progress as Told

WORST_SHOWN = 5
"""Chips that the terminal lists."""
PLACE_COLUMNS = {
    "chips": "scenes",
    "labels": "labels",
    "built": "building m²",
    "shifted": "scenes shifted",
    "east": "move east m",
    "north": "north m",
}
"""Columns of the table of places, with their headings."""
INPUTS = "What goes in"
SPLIT = "What is held out"
CHECKS = "Looking at it"


def dataset(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Rasters, patterns or a folder of images, then the labels: a polygon layer, a COCO file, a "
            "mask, YOLO's texts, or a folder of masks or of a vector file per image. A packed folder alone: "
            "look at it.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write.", show_default=False)
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(
            help="ORTHO,LABELS of one more place; may be repeated.", rich_help_panel=INPUTS
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option("--list", help="YAML or CSV file of pairs.", rich_help_panel=INPUTS),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(
            help="Layer of the labels, where the file has several.", rich_help_panel=INPUTS
        ),
    ] = None,
    review: Annotated[
        bool,
        typer.Option(
            "--review",
            help="The labels are a file by geoseg review: its checked plots, all else unknown.",
            rich_help_panel=INPUTS,
        ),
    ] = False,
    aoi: Annotated[
        str | None,
        area_option("Only what lies within is labelled", INPUTS),
    ] = None,
    aoi_layer: Annotated[
        str | None,
        typer.Option(help="Layer of --aoi, where there are several.", rich_help_panel=INPUTS),
    ] = None,
    ignore: Annotated[
        str | None,
        typer.Option(help="Polygons: nobody knows what lies within.", rich_help_panel=INPUTS),
    ] = None,
    ignore_layer: Annotated[
        str | None,
        typer.Option(help="Layer of --ignore, where there are several.", rich_help_panel=INPUTS),
    ] = None,
    gsd: Annotated[
        float | None,
        typer.Option(
            help="Pixel size, metres: rasters are resampled to it, images without a place are "
            "taken to have it.",
            show_default="the raster's, 0.2 at the least",
            rich_help_panel=INPUTS,
        ),
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option(help="Red, green and blue band, such as 3,2,1.", rich_help_panel=INPUTS),
    ] = None,
    stretch: Annotated[
        str | None,
        typer.Option(
            help="Numbers that become black and white, such as 200,2800.", rich_help_panel=INPUTS
        ),
    ] = None,
    nodata: Nodata = None,
    keep_blank: KeepBlank = False,
    category: Annotated[
        str | None,
        typer.Option(help="Category of COCO or YOLO that means buildings.", rich_help_panel=INPUTS),
    ] = None,
    mask_kind: Annotated[
        str,
        typer.Option(
            help="instances: masks hold building numbers. binary: touching buildings are one blob.",
            rich_help_panel=INPUTS,
        ),
    ] = "auto",
    mask_building: Annotated[
        str | None,
        typer.Option(
            help="Values of masks that mean building, numbers or colours: 0, or 1,2, or #ff0000.",
            show_default="all but 0",
            rich_help_panel=INPUTS,
        ),
    ] = None,
    mask_unknown: Annotated[
        str | None,
        typer.Option(
            help="Values of masks that mean that nobody knows.",
            show_default="255 where masks hold 0, 1 and 255",
            rich_help_panel=INPUTS,
        ),
    ] = None,
    place: Annotated[
        str | None,
        typer.Option(
            help="Name that scores are reported under.",
            show_default="from the file names",
            rich_help_panel=INPUTS,
        ),
    ] = None,
    licence: Annotated[
        str,
        typer.Option(help="Of imagery and labels, for the model's card.", rich_help_panel=INPUTS),
    ] = "",
    chip_px: Annotated[int, typer.Option(help="Longest side of a scene, pixels.")] = 1024,
    val_share: Annotated[
        float,
        typer.Option(
            help="Share of each place that is held out, one contiguous block.",
            rich_help_panel=SPLIT,
        ),
    ] = 0.2,
    val_place: Annotated[
        list[str] | None,
        typer.Option(
            help="Hold out all of this place, and of the others nothing; may be repeated.",
            rich_help_panel=SPLIT,
        ),
    ] = None,
    margin: Annotated[
        float,
        typer.Option(
            help="Ground between training and held out that goes to neither, metres.",
            rich_help_panel=SPLIT,
        ),
    ] = 20.0,
    html: Html = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help='Compare labels with what a model finds: "default" or a .safetensors file.',
            rich_help_panel=CHECKS,
        ),
    ] = None,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Pack imagery and labels for training, and check the labels.

    geoseg dataset ortho.tif footprints.gpkg -o chips/ --html labels.html
    """
    tell(verbose)
    from geoseg.files.target import PAGE, check_target
    from geoseg.labelled.checking import check_folder
    from geoseg.labelled.doubts import load_judge
    from geoseg.labelled.page import write_page
    from geoseg.labelled.pairs import hold_out
    from geoseg.labelled.request import PackOptions

    options = PackOptions(
        val_share=val_share, margin_m=margin, chip_px=chip_px, category=category,
        bands=parse_whole_numbers(bands, "--bands"), stretch=parse_range(stretch, "--stretch"), mask_kind=mask_kind,
        mask_building=None if mask_building is None else _mask_values(mask_building),
        mask_unknown=() if mask_unknown is None else _mask_values(mask_unknown),
        nodata=parse_nodata(nodata) or (), keep_blank=keep_blank,
    )  # fmt: skip
    if html is not None:
        check_target(html, PAGE, overwrite=overwrite)
    # Loaded first: a misspelt one should not be found out after the packing.
    judge = (
        None
        if model is None
        else load_judge(model, device=device, precision=precision, runtime=runtime)
    )
    about = {
        "layer": layer, "review": review, "aoi": None if aoi is None else Path(aoi), "aoi_layer": aoi_layer, "ignore": ignore,
        "ignore_layer": ignore_layer, "gsd_m": gsd, "place": place,
        "licence": licence,
    }  # fmt: skip
    given = given_pairs(inputs or [], pair or [], pairs, about)
    with watching(progress, quiet=quiet) as told:
        if given:
            folder = _packed(hold_out(given, val_place or []), output, options, overwrite, told)
        else:
            folder = packed_folder(inputs or [], output)
        checked = check_folder(folder, judge=judge, progress=told or ignored)
        if html is not None:
            write_page(checked, html)
    if as_json:
        answer_json(checked.as_dict(), output=checked.folder, html=html)
    elif not quiet:
        _show(checked, html)


def _mask_values(text: str) -> tuple[int, ...]:
    from geoseg.labelled.codes import parse_value

    return tuple(parse_value(word) for word in text.split(","))


def _packed(
    pairs: list[Pair],
    output: Path | None,
    options: PackOptions,
    overwrite: bool,
    told: Told | None,
) -> Path:
    from geoseg.labelled.pack import pack_pairs

    if output is None:
        raise UsageError("where to? Name the folder to write with --output")
    return pack_pairs(pairs, output, options, overwrite=overwrite, progress=told or ignored).folder


def _show(checked: Checked, html: Path | None) -> None:
    """Print places, what was found, and the worst chips."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from geoseg.labelled.page import findings_of, places_of

    console = Console()
    places = Table(box=None, padding=(0, 2, 0, 0))
    places.add_column("place", overflow="fold")
    places.add_column("split")
    for heading in PLACE_COLUMNS.values():
        places.add_column(heading, justify="right")
    for row in places_of(checked):
        places.add_row(escape(row["place"]), row["split"], *(row[name] for name in PLACE_COLUMNS))
    console.print(places)
    show_findings(findings_of(checked))
    for chip in checked.worst[:WORST_SHOWN]:
        console.print(
            f"{escape(chip.name)}: {'; '.join(chip.reasons)}", highlight=False, soft_wrap=True
        )
    note(checked.notes)
    scenes = counted(len(checked.chips), "scene")
    show_rows([("packed", scenes), ("output", str(checked.folder)), ("page", str(html or ""))])
