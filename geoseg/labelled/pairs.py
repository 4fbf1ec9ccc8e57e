"""From what the user names to pairs of imagery and labels."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, PositiveFloat, ValidationError, field_validator

from geoseg.addresses.secrets import bare_name
from geoseg.addresses.urls import is_local, unfolded
from geoseg.coco.document import is_coco
from geoseg.errors import UnreadableRasterError, UnreadableVectorError, UsageError
from geoseg.files.parse import parse_yaml
from geoseg.files.patterns import files_behind
from geoseg.labelled.folders import united, vector_files
from geoseg.labelled.order import RASTERS, images_in, in_order
from geoseg.labelled.request import Pair, Side
from geoseg.labelled.reviewed import labels_of_review
from geoseg.labelled.yolo import label_files
from geoseg.vectors.bounds import Bounds

if TYPE_CHECKING:
    import geopandas as gpd

YOLO = (".txt", ".yaml", ".yml")
"""Extensions of YOLO's labels, and of what tells where they are."""
DULL_NAMES = {"image", "images", "img", "imgs", "rasters", "tiles", "chips", "photos"}
"""Folders named so say nothing about the place."""

Kind = Literal["polygons", "coco", "masks", "yolo"]


def make_pair(
    images: Sequence[str | Path],
    labels: str | Path | gpd.GeoDataFrame,
    *,
    review: bool = False,
    patterns: bool = True,
    **about: Any,
) -> Pair:
    """A pair with folders replaced by what lies in them, and a place.

    Args:
        images: Rasters, patterns such as tiles/*.tif and folders of rasters.
        labels: Polygons, a COCO file, a mask, or a folder of masks or of one vector file per image.
        review: The labels are a file by ``geoseg review``, of which checked plots count.
        patterns: What is there under no such name is taken for a pattern.
        **about: The other fields of :class:`Pair`.
    """
    given = [Path(str(image)) for image in images]
    found = (_found(path) if patterns else [path] for path in given)
    paths = tuple(file for several in found for path in several for file in _in_folder(path))
    if not paths:
        raise UsageError("no imagery was given; name the rasters first and the labels last")
    place = about.pop("place", None) or _place_of(given[0] if given[0].exists() else paths[0])
    if review:
        about |= labels_of_review(labels, about)
        labels = about.pop("labels")
    known = Path(labels) if isinstance(labels, str) else labels
    if isinstance(known, Path) and _holds_vectors(known):
        known = united(known, len(paths))
    return Pair(paths, known, place=clean_name(place), **about)


def _holds_vectors(folder: Path) -> bool:
    """Files of polygons, and neither masks nor texts."""
    if not folder.is_dir() or folder.suffix.lower() == ".gdb":
        return False
    return bool(vector_files(folder)) and not images_in(folder) and not label_files(folder)


def _found(path: Path, base: Path | None = None) -> list[Path]:
    """The files behind a path or a pattern, in the order of images."""
    return in_order([Path(name) for name in files_behind(str(path), base)])


def _in_folder(path: Path) -> list[Path]:
    """The rasters of a folder, or the one raster."""
    if not path.is_dir():
        return [path]
    files = images_in(path)
    if not files:
        raise UnreadableRasterError(
            f"{path} holds no image; a folder must hold files such as .tif, .png or .jpg itself"
        )
    return files


def _place_of(image: Path) -> str:
    path = image.absolute()
    if path.is_dir():
        return path.parent.name if path.name.lower() in DULL_NAMES else path.name
    return Path(bare_name(path)).stem


def clean_name(name: str) -> str:
    """A name that can be part of a file's."""
    return re.sub(r"[^\w.-]+", "_", name).strip("_.") or "place"


def kind_of(labels: Path | gpd.GeoDataFrame) -> Kind:
    """What labels are."""
    if not isinstance(labels, Path):
        return "polygons"
    if labels.is_dir() and labels.suffix.lower() != ".gdb":
        return _kind_of_folder(labels)
    elsewhere = not is_local(unfolded(labels))
    if not (elsewhere or labels.exists()):
        raise UnreadableVectorError(
            f"{labels}: there is no such file; name the labels after the rasters"
        )
    if labels.suffix.lower() in RASTERS:
        return "masks"
    if elsewhere:
        return "polygons"
    if labels.suffix.lower() in YOLO:
        return "yolo"
    return "coco" if is_coco(labels) else "polygons"


def _kind_of_folder(folder: Path) -> Kind:
    """Masks, or texts, which may lie beside the images themselves."""
    texts = {path.stem for path in label_files(folder)}
    images = {path.stem for path in images_in(folder)}
    if not texts and not images:
        _require_files(folder)
    return "yolo" if texts and 2 * len(texts & images) >= len(images) else "masks"


def _require_files(folder: Path) -> None:
    """Say where the labels may be, in a folder that holds none itself."""
    inner = sorted(path for path in folder.iterdir() if path.is_dir())
    listed = [path for path in sorted(folder.glob("*.json*")) if is_coco(path)]
    if listed:
        raise UsageError(f"{folder} holds no masks but a COCO file; name it: {listed[0]}")
    if inner:
        raise UsageError(
            f"{folder} holds folders ({', '.join(path.name for path in inner[:3])}) and no labels "
            f"itself; name one of them, such as {inner[0]}"
        )


class _Entry(BaseModel):
    """One pair in a list."""

    model_config = ConfigDict(extra="forbid")

    images: list[str]
    labels: str
    layer: str | None = None
    place: str | None = None
    split: Side = "blocks"
    aoi: str | None = None
    aoi_layer: str | None = None
    ignore: str | None = None
    ignore_layer: str | None = None
    gsd_m: PositiveFloat | None = None
    licence: str = ""

    @field_validator("images", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [part.strip() for part in value.split(";")] if isinstance(value, str) else value


def read_list(path: Path) -> list[Pair]:
    """The pairs of a YAML or CSV file; paths in it are relative to its folder.

    Raises:
        UsageError: it cannot be read, or an entry is wrong.
    """
    rows = _rows(path)
    if not isinstance(rows, list) or not rows:
        raise UsageError(f"{path} holds no list of pairs; each needs images and labels")
    return [_pair(path, number, row) for number, row in enumerate(rows, start=1)]


def _rows(path: Path) -> Any:  # noqa: ANN401 - checked by the caller
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix.lower() == ".csv":
            rows = csv.DictReader(text.splitlines())
            return [{key: value for key, value in row.items() if value} for row in rows]
        return parse_yaml(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, csv.Error) as error:
        raise UsageError(
            f"{path} is neither YAML nor CSV: {' '.join(str(error).split())}"
        ) from error


def _pair(path: Path, number: int, row: object) -> Pair:
    try:
        entry = _Entry.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the entry"
        raise UsageError(f"{path}, pair {number}: {where}: {first['msg']}") from error
    base = path.absolute().parent
    return make_pair(
        [file for image in entry.images for file in _found(Path(image), base)],
        _beside(base, entry.labels),
        patterns=False,
        layer=entry.layer,
        place=entry.place,
        split=entry.split,
        aoi=_area(base, entry.aoi),
        ignore=_area(base, entry.ignore),
        aoi_layer=entry.aoi_layer,
        ignore_layer=entry.ignore_layer,
        gsd_m=entry.gsd_m,
        licence=entry.licence,
    )


def _area(base: Path, given: str | None) -> Path | None:
    """The file, relative to the list, or bounds as they are."""
    if given is None:
        return None
    return _beside(base, given) if Bounds.read(given) is None else Path(given)


def _beside(base: Path, given: str) -> Path:
    """A file, relative to a folder; an address as it is."""
    return base / given if is_local(given) else Path(given)


def hold_out(pairs: Sequence[Pair], places: Sequence[str]) -> list[Pair]:
    """All of some places held out, nothing of the others; without places the pairs as they are.

    Raises:
        UsageError: there is no such place.
    """
    unknown = sorted(set(places) - {pair.place for pair in pairs})
    if unknown:
        known = ", ".join(sorted({pair.place for pair in pairs}))
        raise UsageError(f"--val-place {unknown[0]}: there is no such place, only {known}")
    if not places:
        return list(pairs)
    return [replace(pair, split="val" if pair.place in places else "train") for pair in pairs]
