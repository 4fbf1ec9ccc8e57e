"""Options that several verbs share, and the parsing of their values."""

from __future__ import annotations

from typing import Annotated

import typer

from geoseg.errors import UsageError

Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the output if it is there already.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the summary as one JSON object on stdout.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no summary.")]
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help='"default", a .safetensors file, or maskrcnn:, yolo:, detectron2:, onnx: before a '
        "file, or package.module:Class.",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
Precision = Annotated[str, typer.Option(help="auto, fp32 or bf16.")]
Tta = Annotated[
    bool | None,
    typer.Option(
        "--tta/--no-tta",
        help="Average the maps over the image and its flips; the network takes 4 times as long.",
        show_default="as the model was tuned",
    ),
]


def parse_whole_numbers(text: str | None, option: str) -> tuple[int, ...] | None:
    """The whole numbers of a comma-separated option value.

    Raises:
        UsageError: when a part is not a number.
    """
    numbers = parse_numbers(text, option)
    return None if numbers is None else tuple(int(number) for number in numbers)


def parse_numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    """The numbers of a comma-separated option value.

    Raises:
        UsageError: when a part is not a number.
    """
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"{option} takes numbers separated by commas, such as 3,2,1; got {text!r}"
        ) from None
