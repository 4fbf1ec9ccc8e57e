"""YOLO's text files: one line per object, in parts of the image's width and height.

As Ultralytics defines them (docs.ultralytics.com/datasets): ``class x y width height`` is a box
about its centre, ``class x1 y1 x2 y2 x3 y3 ...`` an outline. Saved predictions have their
confidence at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UnreadableVectorError
from geoseg.files.parse import parse_yaml

BOX_NUMBERS = 4
LEAST_CORNERS = 3
FARTHEST = 1.5
"""Parts of an image's side; what reaches farther is no YOLO but pixels."""
NAMES = ("classes.txt", "obj.names", "labels.txt", "_darknet.labels")
"""Files that list the classes line by line."""
NO_LABELS = frozenset({*NAMES, "train.txt", "val.txt", "test.txt", "valid.txt", "readme.txt"})
"""Text files that hold no objects, in lower case."""
CONFIGS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")


@dataclass(frozen=True, slots=True)
class YoloObject:
    """One line."""

    number: int
    """Of its class."""
    corners: NDArray[np.float64]
    """(n, 2) x and y in parts of width and height."""
    box: bool
    """True where nothing but a box is known."""


def label_files(folder: Path) -> list[Path]:
    """The text files of a folder that may hold objects."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".txt"
        and path.name.lower() not in NO_LABELS
        and not path.name.startswith(".")
    )


def read_objects(path: Path) -> list[YoloObject]:
    """The objects of one file.

    Raises:
        UnreadableVectorError: It cannot be read, or a line says nothing.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnreadableVectorError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableVectorError(f"{path} is no text: {error}") from error
    return list(_objects(text, path))


def _objects(text: str, path: Path) -> Iterator[YoloObject]:
    for row, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            yield _object(words)
        except (ValueError, OverflowError) as error:
            raise UnreadableVectorError(
                f"{path}, line {row}: {error}; YOLO writes a class and then a box (x y width height) "
                "or an outline (x y x y x y ...) in parts of the image's width and height"
            ) from error


def _object(words: list[str]) -> YoloObject:
    number = float(words[0])
    values = np.array([float(word) for word in words[1:]], np.float64)
    if number < 0 or number != int(number):
        raise ValueError(f"the class is {words[0]}")
    if not np.isfinite(values).all():
        raise ValueError("a coordinate is no number")
    box = len(values) in {BOX_NUMBERS, BOX_NUMBERS + 1}
    # An odd count is an outline with the confidence that it was predicted with.
    values = values[: BOX_NUMBERS if box else len(values) // 2 * 2]
    if len(values) < (BOX_NUMBERS if box else 2 * LEAST_CORNERS):
        raise ValueError(f"there are {len(words) - 1} numbers after the class")
    if (np.abs(values) > FARTHEST).any():
        raise ValueError(
            f"there is {values[np.abs(values).argmax()]:g}, which is no part of a side"
        )
    corners = _corners_of_box(values) if box else values.reshape(-1, 2)
    return YoloObject(int(number), corners, box)


def _corners_of_box(values: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, width, height = values.tolist()
    left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def class_names(labels: Path) -> dict[int, str]:
    """Names of the classes, by the file beside the labels or up to two folders above; else none.

    Raises:
        UnreadableVectorError: There is such a file, and it cannot be read.
    """
    if labels.is_file() and labels.suffix.lower() in {".yaml", ".yml"}:
        return _of_config(labels)
    start = labels if labels.is_dir() else labels.parent
    for folder in (start.absolute(), *start.absolute().parents[:2]):
        for name in CONFIGS:
            if (folder / name).is_file():
                return _of_config(folder / name)
        for name in NAMES:
            if (folder / name).is_file():
                lines = _lines(folder / name)
                return {number: line for number, line in enumerate(lines) if line}
    return {}


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableVectorError(f"{path} cannot be read: {error}") from error


def config_of(path: Path) -> dict[str, Any]:
    """The content of a ``data.yaml``.

    Raises:
        UnreadableVectorError: It cannot be read or holds no names.
    """
    try:
        content = parse_yaml(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UnreadableVectorError(f"{path} cannot be read: {reason}") from error
    if not isinstance(content, dict):
        raise UnreadableVectorError(f"{path} is no data.yaml of YOLO: it holds no names of classes")
    return content


def _of_config(path: Path) -> dict[int, str]:
    names = config_of(path).get("names")
    if isinstance(names, list):
        return {number: str(name) for number, name in enumerate(names)}
    if isinstance(names, dict) and all(str(number).isdigit() for number in names):
        return {int(number): str(name) for number, name in names.items()}
    raise UnreadableVectorError(
        f"{path} is no data.yaml of YOLO: 'names' must list the classes; got {names!r:.60}"
    )
