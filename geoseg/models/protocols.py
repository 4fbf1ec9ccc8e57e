"""What a model must offer; any object of this shape works in place of the built-in one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from geoseg.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from geoseg.models.weights import Metadata
    from geoseg.types import Window


@dataclass(frozen=True, slots=True)
class Instance:
    """One building that an instance model found in one image."""

    mask: NDArray[np.bool_]
    """(height, width), cropped to the instance's box."""
    row_off: int
    """First row of the crop within the image."""
    col_off: int
    """First column of the crop within the image."""
    score: float
    """0..1."""

    def __post_init__(self) -> None:
        kind = getattr(self.mask, "dtype", type(self.mask).__name__)
        if getattr(self.mask, "ndim", 0) != 2 or kind != "bool":  # noqa: PLR2004  # an image
            raise ModelError(
                "an instance's mask must be a (height, width) array of bool, got "
                f"{getattr(self.mask, 'shape', '')} {kind}; compare probabilities with a threshold"
            )
        if not math.isfinite(self.score):
            raise ModelError(f"an instance's score must be a number from 0 to 1, got {self.score}")


@runtime_checkable
class DenseModel(Protocol):
    """A model that predicts maps: one probability per pixel and head."""

    gsd_m: tuple[float, float] | None
    """Range of pixel sizes it was trained for, metres; None: any, native pixels are used."""
    stride_px: int
    """Read windows start at multiples of this (2 ** depth)."""
    halo_px: int
    """Receptive field to one side: pixels farther away do not change the output."""
    heads: tuple[str, ...]
    """Names of the maps in order: "body" first, then "contact", "edge" where present."""

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(batch, 3, height, width) RGB to (batch, heads, height, width) in 0..1."""
        ...


@runtime_checkable
class PartModel(DenseModel, Protocol):
    """A dense model that need not compute maps that nobody wants; offering this is optional."""

    def predict_part(self, images: NDArray[np.uint8], part: Window) -> NDArray[np.float32]:
        """``predict_maps(images)`` within ``part``, which lies within the images."""
        ...


@runtime_checkable
class TogetherModel(DenseModel, Protocol):
    """A dense model that computes parts of several images at the same time; offering this is optional."""

    at_once: int
    """Images at a time."""

    def predict_parts(
        self, asked: Sequence[tuple[NDArray[np.uint8], Window]]
    ) -> list[NDArray[np.float32]]:
        """``predict_part(images, part)`` of each that is asked for."""
        ...


class ThresholdedModel(DenseModel, Protocol):
    """A dense model that knows how its maps become buildings, as those of geoseg's files do."""

    name: str
    """The model's own name."""
    metadata: Metadata
    """Everything about the model but its tensors."""


@runtime_checkable
class InstanceModel(Protocol):
    """A model that predicts separate masks."""

    gsd_m: tuple[float, float] | None
    """Range of pixel sizes it was trained for, metres; None: any, native pixels are used."""

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[Instance]]:
        """(batch, 3, height, width) RGB to the instances of every image."""
        ...
