"""How a mosaic will be worked through: tile lattice, batch and what the network sees."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoseg.decode import DecodeParams
from geoseg.errors import InexactModelWarning
from geoseg.grid import Lattice

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel
    from geoseg.settings import PredictSettings
    from geoseg.types import Grid

CORE_PX = 1024
"""Least side of a tile's core by default: below it, context costs more than it should."""
MIN_AREA_M2 = 6.0
"""Buildings smaller than this are dropped by default: most are cars, tanks and errors."""
GPU_BATCH = 4
"""Tiles per call of the network on a GPU by default."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The cutting of one run. Nothing in here changes the result of an exact model."""

    lattice: Lattice
    """Tiles on multiples of the network's stride."""
    batch: int
    """Tiles per call of the network."""

    @classmethod
    def of(cls, grid: Grid, model: DenseModel, settings: PredictSettings) -> Plan:
        """The plan for a dense model.

        Raises:
            UsageError: when the tile leaves no core within its context.
        """
        halo_px = model.halo_px if settings.overlap_px is None else settings.overlap_px
        if halo_px < model.halo_px:
            warnings.warn(
                f"an overlap of {halo_px} px is less than the model's receptive field of "
                f"{model.halo_px} px: maps will change a little near the tiles' borders",
                InexactModelWarning,
                stacklevel=2,
            )
        tile_px = settings.tile_px or default_tile_px(halo_px, model.stride_px)
        lattice = Lattice(grid, tile_px=tile_px, halo_px=halo_px, stride_px=model.stride_px)
        on_gpu = getattr(model, "device", "cpu") != "cpu"
        return cls(lattice, settings.batch or (GPU_BATCH if on_gpu else 1))


def default_tile_px(halo_px: int, stride_px: int) -> int:
    """A multiple of the stride whose core is at least CORE_PX and about 3/5 of the tile or more."""
    side = CORE_PX + 4 * halo_px
    return -(-side // stride_px) * stride_px


def decode_params(model: DenseModel, settings: PredictSettings, grid: Grid) -> DecodeParams:
    """The model's thresholds, or the defaults for a model that brings none.

    The least area counts in pixels of the grid's centre.
    """
    decoding = getattr(getattr(model, "metadata", None), "decoding", None)
    chosen = {} if decoding is None else decoding.as_levels()
    min_area_m2 = MIN_AREA_M2 if settings.min_area_m2 is None else settings.min_area_m2
    chosen["min_pixels"] = max(1, round(min_area_m2 / grid.gsd_m**2))
    return DecodeParams(**chosen)
