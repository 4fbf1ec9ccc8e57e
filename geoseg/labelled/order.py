"""The split of separate images: a run of neighbours by name is held out, never a random choice."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geoseg.scenes.scene import Split

RASTERS = (".tif", ".tiff", ".vrt", ".jp2", ".png", ".jpg", ".jpeg", ".img", ".webp", ".bmp")
"""Extensions of the images that are taken from a folder."""
SLACK = 0.5
"""A boundary between groups is taken when its share is off by less than this part of the wish."""


def in_order(paths: Sequence[Path]) -> list[Path]:
    """Sorted by name, numbers by their value."""
    return sorted(paths, key=lambda path: (natural_key(path), str(path)))


def images_in(folder: Path) -> list[Path]:
    """The images that lie in a folder itself, in order; other and hidden files are passed over."""
    files = (path for path in folder.iterdir() if not path.name.startswith("."))
    return in_order([path for path in files if path.suffix.lower() in RASTERS])


def natural_key(path: Path) -> list[tuple[int, str]]:
    """Sorts tile_9 before tile_10."""
    parts = re.findall(r"\d+|\D+", path.stem)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def group_of(path: Path) -> str:
    """The name without its last number: images that share it are parts of one photo."""
    return re.sub(r"[\W_]*\d+$", "", path.stem)


def split_in_order(paths: Sequence[Path], areas: Sequence[float], share: float) -> list[Split]:
    """The last images are held out, whole groups where that comes near enough to the share.

    Args:
        paths: In order.
        areas: Weight of each.
        share: Of the weight, 0..0.5.
    """
    if share == 0 or len(paths) == 1:
        return ["train"] * len(paths)
    ends = np.cumsum(np.asarray(areas, float))
    held_out = 1 - ends[:-1] / ends[-1]  # where the cut lies after image 0, 1, ...
    misfit = np.abs(held_out - share)
    groups = [group_of(path) for path in paths]
    border = np.array([a != b for a, b in pairwise(groups)])
    near = border & (misfit < SLACK * share)
    cut = int(np.argmin(np.where(near, misfit, np.inf) if near.any() else misfit)) + 1
    return ["train" if number < cut else "val" for number in range(len(paths))]
