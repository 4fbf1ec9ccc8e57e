"""The decoder's thresholds: integers on the scale of the quantised maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UsageError

if TYPE_CHECKING:
    from geoseg.decode.families import BuildingNumbers

FULL = 255
"""The grey level of probability one, and of weight one."""


@dataclass(frozen=True, slots=True)
class DecodeParams:
    """What makes a pixel a seed, a body, and a group of them a building.

    The seed score of a pixel is ``body * (1 - w_c * contact) * (1 - w_e * edge)``, rounded to a
    grey level once, with integers alone.
    """

    body_threshold: int = 115
    """Grey level 1..255: pixels with this body or more can belong to a building."""
    seed_threshold: int = 140
    """Grey level 1..255: body pixels with this seed score or more start a building."""
    join_threshold: int = 255
    """Grey level 1..255: buildings that meet where the seed score is this or more may be one. At
    the seed threshold or above, none may."""
    contact_weight: int = 255
    """0..255 for 0..1: how much the contact map lowers the seed score."""
    edge_weight: int = 128
    """0..255 for 0..1: how much the edge map lowers the seed score."""
    grow_steps: int = 16
    """0..200, pixels: how far a building reaches from its seed through the body; and before that,
    through pixels of the join threshold."""
    min_pixels: int = 32
    """Buildings with fewer pixels are dropped as ``too_small``."""
    min_mean_body: int = 128
    """Grey level 0..255: buildings with a lower mean body are dropped as ``unsure``."""
    min_remnant_pixels: int = 256
    """Body that no seed reaches and no single building touches is dropped as ``remnant`` when it
    has fewer pixels."""
    remnant_mean_body: int = 128
    """Grey level 0..255: such body is dropped as ``remnant`` when its mean is lower."""
    max_family_pixels: int = 4_000_000
    """Seeds that hang together by more pixels, with all that grows from them, are never one
    building."""
    max_cluster_cracks: int = 2_000_000
    """Clusters with more cracks, counted before anything is dropped, come building by building."""

    def __post_init__(self) -> None:
        check("body_threshold", self.body_threshold, 1, FULL)
        check("seed_threshold", self.seed_threshold, 1, FULL)
        check("join_threshold", self.join_threshold, 1, FULL)
        check("contact_weight", self.contact_weight, 0, FULL)
        check("edge_weight", self.edge_weight, 0, FULL)
        check("grow_steps", self.grow_steps, 0, 200)
        check("min_mean_body", self.min_mean_body, 0, FULL)
        check("remnant_mean_body", self.remnant_mean_body, 0, FULL)
        for name in ("min_pixels", "min_remnant_pixels", "max_family_pixels", "max_cluster_cracks"):
            check(name, getattr(self, name), 0, 2**40)

    @property
    def joins(self) -> bool:
        """Whether any pixels lie between the two thresholds."""
        return self.join_threshold < self.seed_threshold

    def faults(
        self, pixels: NDArray[np.int64], body_sum: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(buildings,) whether each has too few pixels, and whether it is too unsure."""
        return pixels < self.min_pixels, body_sum < self.min_mean_body * pixels

    def keeps(self, numbers: BuildingNumbers) -> NDArray[np.bool_]:
        """(buildings,) True for those without a fault."""
        small, unsure = self.faults(numbers.pixels, numbers.body_sum)
        return ~(small | unsure)

    @property
    def reach_px(self) -> int:
        """Maps farther than this from a pixel cannot change whose it is."""
        return 2 * self.grow_steps if self.joins else self.grow_steps


def check(name: str, value: int, low: int, high: int) -> None:
    """Raise unless ``low <= value <= high`` and ``value`` is an integer."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(f"{name} must be an integer from {low} to {high}, got {value!r}")


def factor_table(weight: int) -> NDArray[np.int64]:
    """(256,) ``1 - weight * level`` in units of 1 / 255**2, for every grey level."""
    return FULL * FULL - weight * np.arange(FULL + 1, dtype=np.int64)
