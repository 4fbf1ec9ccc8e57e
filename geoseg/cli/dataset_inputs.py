"""What ``geoseg dataset`` was given: pairs of imagery and labels, or a packed folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoseg.errors import UsageError

if TYPE_CHECKING:
    from geoseg.labelled.request import Pair

EXAMPLE = "geoseg dataset ortho.tif footprints.gpkg -o chips"


def given_pairs(
    inputs: list[Path], pairs: list[str], listed: Path | None, about: dict[str, Any]
) -> list[Pair]:
    """The pairs of all options; none where a packed folder alone was named."""
    from geoseg.labelled.pairs import make_pair, read_list

    named = []
    if len(inputs) > 1:
        named.append(make_pair(inputs[:-1], inputs[-1], **about))
    elif inputs and not any(inputs[0].glob("*.npz")):
        raise UsageError(
            f"{inputs[0]} is no packed data set; name imagery first and its labels last, such as "
            f"{EXAMPLE}"
        )
    elif inputs and (pairs or listed):
        raise UsageError(
            f"{inputs[0]} is a packed data set and cannot be packed again; leave it, or --pair and "
            "--list, out"
        )
    if pairs and about["place"]:
        raise UsageError("--place names one place; leave it out, or give a --list with places")
    for text in pairs:
        *images, labels = text.split(",")
        named.append(make_pair(images, labels, **about))
    if listed is None:
        return named
    if not named and any(about.values()):
        raise UsageError(
            "--layer, --review, --aoi, --aoi-layer, --ignore, --ignore-layer, --gsd, --place and --licence do not apply to --list; "
            "write them into the list"
        )
    return named + read_list(listed)


def packed_folder(inputs: list[Path], output: Path | None) -> Path:
    """The folder to look at, where nothing is to be packed."""
    if not inputs:
        raise UsageError(
            f"nothing to pack; name imagery first and its labels last, such as {EXAMPLE}"
        )
    if output is not None:
        raise UsageError(f"{inputs[0]} is packed already; leave --output out to look at it")
    return inputs[0]
