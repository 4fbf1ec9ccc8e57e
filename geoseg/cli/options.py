"""Options that several verbs share, once each, and the parsing of their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from geoseg.cli.progress import ProgressKind
from geoseg.errors import UsageError
from geoseg.export.formats import in_words
from geoseg.types import HeightUnit

T = TypeVar("T")

PRINTING = "Printing"
TILES = "Tiles, in pixels of the analysis grid"
RUN = "Run"

Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the output if it is there already.")
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", help="Print the result as JSON on stdout, alone.", rich_help_panel=PRINTING
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No progress, no summary.", rich_help_panel=PRINTING),
]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        help="Say what is decided on the way; twice: in detail.",
        show_default=False,
        rich_help_panel=PRINTING,
    ),
]
Progress = Annotated[
    ProgressKind,
    typer.Option(
        "--progress",
        help="auto: a bar on a terminal, else lines now and then. json: an object per line on "
        "stderr, for other programs.",
        rich_help_panel=PRINTING,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="What to write; also the last argument.",
        show_default=False,
    ),
]
Layer = Annotated[str | None, typer.Option(help="Layer to read, where there are several.")]
Html = Annotated[
    Path | None, typer.Option("--html", help="A page to look at, .html.", show_default=False)
]
Language = Annotated[
    Literal["en", "de", "fr", "es", "pt"],
    typer.Option(
        "--language", help="Of pages, PDFs and workbooks; what programs read stays the same."
    ),
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help='"default", a .safetensors, .onnx or .xml file, or maskrcnn:, yolo:, detectron2:, onnx: before a '
        "file, or package.module:Class.",
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, mps.")]
Devices = Annotated[
    str,
    typer.Option(
        "--device",
        help="auto, cpu, cuda, cuda:1, mps; cuda:0,cuda:1 for a worker process on each.",
    ),
]
Precision = Annotated[
    Literal["auto", "fp32", "bf16", "int8"],
    typer.Option(
        "--precision",
        help="Of the network's arithmetic; auto: int8 for the built-in model where it is exact, on x86-64, else fp32.",
    ),
]
Runtime = Annotated[
    Literal["auto", "torch", "openvino", "onnxruntime"],
    typer.Option(
        "--runtime",
        help="What runs the network. auto: OpenVINO on the processor, torch on a GPU and for networks "
        "that OpenVINO cannot make a graph of.",
    ),
]
Tta = Annotated[
    bool | None,
    typer.Option(
        "--tta/--no-tta",
        help="Average the maps over the image and itself turned by half; the network takes twice as long.",
        show_default="as the model's file says: the built-in one where photos need not be enlarged",
    ),
]
LAYER_FORMATS = in_words()
"""What polygons are written to."""
BESIDE_TABLES = in_words(".csv")
"""The same where a .csv is a table without outlines."""
Zoom = Annotated[
    str | None,
    typer.Option(
        "--zoom",
        help="First and last zoom of .pmtiles, such as 10,16.",
        show_default="what suits the area",
    ),
]
Batch = Annotated[
    int | None, typer.Option("--batch", help="Tiles per call of the network.", rich_help_panel=RUN)
]
Readers = Annotated[
    int, typer.Option("--readers", help="Threads that read the raster.", rich_help_panel=RUN)
]
Exact = Annotated[
    bool,
    typer.Option("--exact", help="Refuse a model that cannot be exact.", rich_help_panel=TILES),
]
SkipErrors = Annotated[
    bool,
    typer.Option("--skip-errors", help="Go on where blocks cannot be read.", rich_help_panel=RUN),
]
Tile = Annotated[
    int | None,
    typer.Option(
        "--tile",
        help="Side of the window the network sees, pixels of the analysis grid.",
        show_default="a core of 768, or in int8 one that suits the raster, and the overlap on both sides",
        rich_help_panel=TILES,
    ),
]
Overlap = Annotated[
    int | None,
    typer.Option(
        "--overlap",
        help="Context around a tile's core, to each side, pixels of the analysis grid.",
        show_default="as far as the model sees (its halo)",
        rich_help_panel=TILES,
    ),
]
AOI_FORMS = "a vector file, or bounds minx,miny,maxx,maxy[,EPSG]"
"""What areas are given as."""
Bands = Annotated[
    str | None,
    typer.Option("--bands", help="Red, green and blue band, such as 3,2,1.", show_default=False),
]
Stretch = Annotated[
    str | None,
    typer.Option("--stretch", help="Values shown as black and white: lo,hi.", show_default=False),
]
SURFACE = "Surface model"
Dsm = Annotated[
    str | None,
    typer.Option(
        "--dsm",
        help="Surface model: elevations of roofs and open ground.",
        show_default=False,
        rich_help_panel=SURFACE,
    ),
]
Dtm = Annotated[
    str | None,
    typer.Option(
        "--dtm",
        help="Terrain model: elevations of the ground alone.",
        show_default="the ground is found around each building",
        rich_help_panel=SURFACE,
    ),
]
Ndsm = Annotated[
    str | None,
    typer.Option(
        "--ndsm",
        help="Heights above ground, instead of --dsm and --dtm.",
        show_default=False,
        rich_help_panel=SURFACE,
    ),
]
HeightUnitOption = Annotated[
    HeightUnit | None,
    typer.Option(
        "--height-unit",
        help="Unit of the surface's numbers.",
        show_default="as the vertical CRS or the band says, else metres",
        rich_help_panel=SURFACE,
    ),
]


def area_option(meaning: str, panel: str | None = None) -> typer.models.OptionInfo:
    """The option ``--aoi``; every verb takes the same forms and says what it means there."""
    option: typer.models.OptionInfo = typer.Option(
        "--aoi", metavar="AREA", help=f"{meaning}: {AOI_FORMS}.", rich_help_panel=panel
    )
    return option


Nodata = Annotated[
    list[str] | None,
    typer.Option(
        "--nodata",
        help="A value that is no image in all bands, or one per band: 0, or 255,0,0; may be repeated.",
        show_default=False,
    ),
]
KeepBlank = Annotated[
    bool,
    typer.Option(
        "--keep-blank", help="Take large areas of pure black, white or another extreme as image."
    ),
]


def parse_nodata(texts: Sequence[str] | None) -> tuple[float | tuple[float, ...], ...] | None:
    """The values of ``--nodata``: a number, or one per band.

    Raises:
        UsageError: when a part is not a number.
    """
    if texts is None:
        return None
    values = [parse_numbers(text, "--nodata") or () for text in texts]
    return tuple(value[0] if len(value) == 1 else value for value in values)


def parse_whole_numbers(text: str | None, option: str) -> tuple[int, ...] | None:
    """The whole numbers of a comma-separated option value.

    Raises:
        UsageError: when a part is no whole number.
    """
    return _parsed(text, option, int, "whole numbers")


def parse_numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    """The numbers of a comma-separated option value.

    Raises:
        UsageError: when a part is not a number.
    """
    return _parsed(text, option, float, "numbers")


def _parsed(
    text: str | None, option: str, kind: Callable[[str], T], what: str
) -> tuple[T, ...] | None:
    if text is None:
        return None
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"{option} takes {what} separated by commas, such as 3,2,1; got {text!r}"
        ) from None


def parse_zoom(text: str | None) -> tuple[int, int] | None:
    """The two zooms of ``--zoom``; which there are is checked by what they are given to.

    Raises:
        UsageError: when they are anything but two whole numbers.
    """
    numbers = parse_whole_numbers(text, "--zoom")
    if numbers is None:
        return None
    if len(numbers) != 2:  # noqa: PLR2004
        raise UsageError(f"--zoom takes two whole numbers, such as 10,16; got {text!r}")
    return numbers[0], numbers[1]


def parse_range(
    text: str | None, option: str, *, may_be_one: bool = False
) -> tuple[float, float] | None:
    """Two numbers, the lower first; with ``may_be_one`` they may be the same.

    Raises:
        UsageError: when they are anything else.
    """
    numbers = parse_numbers(text, option)
    if numbers is None:
        return None
    rising = len(numbers) == 2 and (  # noqa: PLR2004
        numbers[0] < numbers[1] or (may_be_one and numbers[0] == numbers[1])
    )
    if not rising:
        raise UsageError(f"{option} takes two numbers, the lower first; got {text!r}")
    return numbers[0], numbers[1]


def with_output(
    given: Sequence[str | Path], output: str | None, *, inputs: int, example: str
) -> tuple[list[str], str]:
    """What is read, and what is written: ``--output``, or else the last argument.

    Args:
        given: The arguments.
        output: The value of ``--output``.
        inputs: How many are read; 0: one or more.
        example: A command that is right.

    Raises:
        UsageError: when there are too few or too many.
    """
    read = [str(one) for one in given]
    if output is None:
        if len(read) < max(inputs, 1) + 1:
            raise UsageError(f"where to? Name the output last or with --output, as in {example}")
        output = read.pop()
    if not read or (inputs and len(read) != inputs):
        raise UsageError(
            f"{len(read)} inputs beside the output {output} are not what this takes; name the output "
            f"once, last or with --output, as in {example}"
        )
    return read, output
