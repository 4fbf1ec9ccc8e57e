"""Which built-in model suits the pixels, where the choice is left to geoseg."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from geoseg.models.catalogue import built_in_models
from geoseg.models.loading import ModelSpec

M = TypeVar("M", bound=ModelSpec)
AUTO = "auto"
"""Stands for the built-in model that suits the pixels of the imagery."""


def is_open(model: ModelSpec) -> bool:
    """Whether the imagery decides which model it is."""
    return isinstance(model, str) and model == AUTO


def for_pixels(pixel_m: float | None) -> str:
    """The built-in model for pixels of so many metres on the ground; None: they have no size.

    Of those whose range reaches up to the pixels, the one for the finest; else the one for the coarsest.
    """
    if pixel_m is None:
        return "default"
    finest_first = sorted(
        (entry.gsd_m[1], entry.use) for entry in built_in_models() if entry.gsd_m is not None
    )
    return next((use for up_to_m, use in finest_first if pixel_m <= up_to_m), finest_first[-1][1])


def for_scenes(model: M, files: Sequence[Path]) -> M | str:
    """The built-in model for packed scenes, whose middle pixel size decides, where the choice is open.

    Args:
        model: "auto"; anything else is handed back, and no file is read.
        files: Of the scenes.

    Raises:
        DatasetError: a file is no scene.
    """
    from geoseg.scenes.scene import typical_gsd_m

    return for_pixels(typical_gsd_m(files)) if is_open(model) else model
