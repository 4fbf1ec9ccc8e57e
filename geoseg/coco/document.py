"""A COCO file as people's tools write it, in one form."""

from __future__ import annotations

import gzip
import math
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoseg.errors import DatasetError, UnreadableVectorError, UsageError
from geoseg.files.parse import ParseError, parse_json

Key = int | str
"""An id. 7, 7.0 and "7" are the same."""
NEEDED = {"images": ("id", "file_name", "height", "width"), "annotations": ("id", "image_id")}
"""Keys without which an entry says nothing."""
DEFAULT_CATEGORY = "building"
"""Of annotations in a file that has no categories."""
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_HEAD_BYTES = 4096
_LONG = 18
"""Digits of a text that is no number any more."""
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""Byte-order marks, and the encoding that each means."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An image as the file lists it."""

    key: Key
    """Its id."""
    file_name: str
    """As written, folders and all."""
    height: int
    """Rows that the file says it has."""
    width: int
    """Columns that the file says it has."""
    original: str | None
    """Name before a labelling tool gave it another one, where the file tells."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One thing that was labelled."""

    place: int
    """Its number in the file, from 0."""
    key: Key
    """Its id."""
    image: Key | None
    """The id of its image; None: the file names none."""
    category: str
    """Name of its category."""
    segmentation: Any
    """Polygons or RLE, as written."""
    box: tuple[float, float, float, float] | None
    """Left, top, width and height, where it has such a box."""
    crowd: bool
    """Many buildings in one shape."""
    score: Any
    """As written; None where there is none."""
    building_id: Any
    """As written; None where there is none."""

    @property
    def box_alone(self) -> bool:
        """True where nothing but a box is known."""
        return self.segmentation in (None, [], {}, "") and self.box is not None


@dataclass(frozen=True, slots=True)
class Document:
    """A whole file."""

    path: Path
    """Where it lies."""
    images: tuple[Listed, ...]
    """One per id, in the order of the file."""
    annotations: tuple[Annotation, ...]
    """In the order of the file; of strays, those of images that are not listed, none."""
    counts: Counter[str]
    """By the names in ``FINDINGS``."""

    def of_category(self, wanted: str | None) -> tuple[Annotation, ...]:
        """The annotations of a category; all where None is wanted.

        Raises:
            UsageError: There is no such annotation.
        """
        if wanted is None:
            return self.annotations
        chosen = tuple(one for one in self.annotations if one.category == wanted)
        if not chosen:
            used = ", ".join(self.categories) or "none at all"
            raise UsageError(
                f"{self.path.name} has no annotation of the category {wanted!r}; it has {used}"
            )
        return chosen

    @property
    def categories(self) -> list[str]:
        """Names of the categories that annotations have."""
        return sorted({one.category for one in self.annotations})


def is_coco(path: Path) -> bool:
    """True for JSON, plain or gzipped, that holds annotations; GeoJSON says what it is at once.

    Raises:
        UnreadableVectorError: It is named like JSON and cannot be read as such.
    """
    if not path.is_file() or not path.name.lower().endswith((".json", ".json.gz")):
        return False
    with path.open("rb") as file:
        if b'"Feature' in file.read(_HEAD_BYTES):  # also of GeoJSON text sequences, line by line
            return False
    text = _text(path)
    if '"Feature' in text[:_HEAD_BYTES]:
        return False
    content = _parsed(text, path)
    return isinstance(content, dict) and "annotations" in content


def load_coco(path: Path) -> Document:
    """Read a COCO file.

    Raises:
        UnreadableVectorError: It is missing, no JSON, or lacks what an entry needs.
        DatasetError: Two images have one id.
    """
    content = _parsed(_text(path), path)
    if not isinstance(content, dict) or not {"images", "annotations"} <= content.keys():
        raise UnreadableVectorError(
            f"{path} is not a COCO file: it needs 'images' and 'annotations'; lists of results "
            "alone name no images"
        )
    for kind, keys in NEEDED.items():
        _require(content[kind], kind, keys, path)
    counts: Counter[str] = Counter()
    images = _images(content["images"], path, counts)
    annotations = _annotations(content, {one.key for one in images}, counts)
    return Document(path, images, annotations, +counts)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if raw.startswith(_GZIP):
            raw = gzip.decompress(raw)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableVectorError(f"{path} is gzipped, but damaged: {error}") from error
    except OSError as error:
        raise UnreadableVectorError(f"{path} cannot be read: {error.strerror}") from error
    if raw.startswith(_ZIP):
        raise UnreadableVectorError(f"{path} is a zip archive; unpack it and name the JSON in it")
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableVectorError(f"{path} is not JSON: {error}; JSON is UTF-8") from error


def _parsed(text: str, path: Path) -> Any:  # noqa: ANN401  # JSON
    try:
        return parse_json(text)
    except ParseError as error:
        raise UnreadableVectorError(f"{path}: {error}; is it complete?") from error


def _require(entries: Any, kind: str, keys: tuple[str, ...], path: Path) -> None:  # noqa: ANN401  # JSON
    """Refuse entries that lack a key."""
    listed = entries if isinstance(entries, list) else [None]
    for place, entry in enumerate(listed):
        lacking = [key for key in keys if not isinstance(entry, dict) or key not in entry]
        if lacking:
            raise UnreadableVectorError(
                f"{path} is not a COCO file: number {place + 1} of its {kind} has no {lacking[0]!r}"
            )


def key_of(value: Any) -> Key | None:  # noqa: ANN401  # JSON
    """An id in one form; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _LONG:
        return int(value) if str(int(value)) == value else value
    return value if isinstance(value, int) or (isinstance(value, str) and value) else None


def number_of(value: Any) -> float | None:  # noqa: ANN401  # JSON
    """A finite number, also one written as text; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _images(entries: list[dict[str, Any]], path: Path, counts: Counter[str]) -> tuple[Listed, ...]:
    found: dict[Key, Listed] = {}
    for place, entry in enumerate(entries, start=1):
        image = _listed(entry, f"{path}: number {place} of its images")
        first = found.setdefault(image.key, image)
        if first != image:
            raise DatasetError(
                f"{path.name} gives the id {image.key} to {first.file_name} and to "
                f"{image.file_name}; give every image an id of its own"
            )
    counts["images_twice"] += len(entries) - len(found)
    return tuple(found.values())


def _listed(entry: dict[str, Any], where: str) -> Listed:
    key, name = key_of(entry["id"]), entry["file_name"]
    if key is None:
        raise UnreadableVectorError(f"{where} has the id {entry['id']!r}; it must be a number")
    if not isinstance(name, str) or not name:
        raise UnreadableVectorError(f"{where} has the file_name {name!r}; it must be a text")
    height, width = (_side(entry, side, where) for side in ("height", "width"))
    extra = entry.get("extra")
    original = extra.get("name") if isinstance(extra, dict) else None
    return Listed(key, name, height, width, original if isinstance(original, str) else None)


def _side(entry: dict[str, Any], side: str, where: str) -> int:
    number = number_of(entry[side])
    if number is None or number < 1 or number != int(number):
        raise UnreadableVectorError(
            f"{where} has the {side} {entry[side]!r}; it must be a number of pixels"
        )
    return int(number)


def _annotations(
    content: dict[str, Any], images: set[Key], counts: Counter[str]
) -> tuple[Annotation, ...]:
    names = _category_names(content.get("categories"))
    entries = content["annotations"]
    alone = len({str(one.get("category_id")) for one in entries}) == 1
    read = [_annotation(one, place, names, alone=alone) for place, one in enumerate(entries)]
    counts["ids_repeated"] += len(read) - len({one.key for one in read})
    kept = tuple(one for one in read if one.image in images)
    counts["strays"] += len(read) - len(kept)
    counts["no_class"] += (
        0 if not names else sum(key_of(one.get("category_id")) not in names for one in entries)
    )
    return kept


def _category_names(categories: Any) -> dict[Key | None, str]:  # noqa: ANN401  # JSON
    listed: Iterable[Any] = categories if isinstance(categories, list) else ()
    entries = [one for one in listed if isinstance(one, dict) and key_of(one.get("id")) is not None]
    return {key_of(one["id"]): str(one.get("name") or one["id"]) for one in entries}


def _annotation(
    entry: dict[str, Any], place: int, names: dict[Key | None, str], *, alone: bool
) -> Annotation:
    key, category = key_of(entry["id"]), key_of(entry.get("category_id"))
    unnamed = (
        DEFAULT_CATEGORY if category is None or (alone and not names) else f"category {category}"
    )
    return Annotation(
        place=place,
        key=f"number {place + 1}" if key is None else key,
        image=key_of(entry["image_id"]),
        category=names.get(category, unnamed),
        segmentation=entry.get("segmentation"),
        box=_box(entry.get("bbox")),
        crowd=bool(number_of(entry.get("iscrowd")) or entry.get("iscrowd") is True),
        score=entry.get("score"),
        building_id=entry.get("building_id"),
    )


def _box(value: Any) -> tuple[float, float, float, float] | None:  # noqa: ANN401  # JSON
    numbers = [number_of(one) for one in value] if isinstance(value, list) else []
    if len(numbers) != 4 or any(one is None for one in numbers):  # noqa: PLR2004 - x, y, width, height
        return None
    left, top, width, height = (float(one or 0) for one in numbers)
    return (left, top, width, height) if width > 0 and height > 0 else None
