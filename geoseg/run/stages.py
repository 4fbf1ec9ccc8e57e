"""The two ways from pixels to clusters: maps decoded, or instances stitched.

A looker runs the model over tiles side by side, here or elsewhere; a stage's ``decode`` turns what it saw of a
whole row of them into finished clusters, in order, in another thread while the model goes on. Decoders are
compiled and take a while to load: they are loaded with the stage, not with this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from geoseg.attributes.confidence import Rating
from geoseg.decode.params import DecodeParams
from geoseg.models.protocols import DenseModel
from geoseg.models.traits import Traits
from geoseg.run.lookers import DenseLooker, InstanceLooker, Looker
from geoseg.tiles.looking import SeenRow
from geoseg.tiles.packed import PackedRows
from geoseg.types import MapStrip, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.models.protocols import InstanceModel
    from geoseg.settings import PredictSettings
    from geoseg.stitch import TileInstances
    from geoseg.tiles.plan import Plan
    from geoseg.types import Cluster

CLUSTER_REACH_PX = 8
"""How far, besides growth or context, a pixel can bear on a building: neighbours in its cluster."""


def make_looker(model: DenseModel | InstanceModel, plan: Plan, settings: PredictSettings) -> Looker:
    """The looker for a kind of model."""
    if isinstance(model, DenseModel):
        body = thresholds(model).body_threshold
        return DenseLooker(plan.region, plan.batch, settings.strip_px, body)
    return InstanceLooker(plan.region, plan.batch)


def make_stage(model: DenseModel | InstanceModel, plan: Plan, settings: PredictSettings) -> Stage:
    """The stage for a kind of model; the least area counts in pixels of the grid's centre, and again as drawn."""
    min_pixels = max(1, round(settings.min_area_m2 / plan.lattice.grid.gsd_m**2))
    if isinstance(model, DenseModel):
        params = replace(thresholds(model), min_pixels=min_pixels)
        return DenseStage(model, plan, params, settings.strip_px)
    return InstanceStage(plan, min_pixels)


def thresholds(model: DenseModel) -> DecodeParams:
    """The model's own thresholds, or the defaults for a model that brings none."""
    decoding = Traits.of(model).decoding
    return DecodeParams() if decoding is None else DecodeParams(**decoding.as_levels())


class Stage(Protocol):
    """The decoder of one run."""

    reach_px: int
    """Pixels farther than this from a cluster cannot change it."""

    def decode(self, row: SeenRow[Any]) -> Iterator[list[Cluster]]:
        """Clusters that this row of tiles finished, a part of its rows at a time."""
        ...

    def close(self) -> list[Cluster]:
        """The rest."""
        ...

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The state after the last decoded row."""
        ...

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        ...

    @property
    def open_buildings(self) -> int:
        """Buildings begun and not finished, in memory."""
        ...

    @property
    def dropped(self) -> dict[str, int]:
        """Reason to number of candidates dropped so far."""
        ...

    @property
    def resolved(self) -> dict[str, int]:
        """Resolutions of the stitcher so far; empty for maps."""
        ...


class DenseStage:
    """A model that predicts maps."""

    def __init__(self, model: DenseModel, plan: Plan, params: DecodeParams, strip_px: int) -> None:
        from geoseg.decode.decoder import Decoder
        from geoseg.decode.seeds import MapLabeller

        self._heads = model.heads
        self._params = params
        self._strip_px = strip_px
        self._size = (plan.region.width, plan.region.height)
        self._odds = Rating.of(model).odds(plan.lattice.grid.gsd_m)
        labeller = MapLabeller(self._heads, params)
        self._decoder = Decoder(*self._size, labeller, odds=self._odds)
        self.reach_px = params.reach_px + CLUSTER_REACH_PX

    def decode(self, row: SeenRow[PackedRows[np.uint8]]) -> Iterator[list[Cluster]]:
        """Clusters that these maps finished."""
        for start in range(0, row.height, self._strip_px):
            yield self._push(row, start, min(self._strip_px, row.height - start))

    def _push(self, row: SeenRow[PackedRows[np.uint8]], start: int, rows: int) -> list[Cluster]:
        """Decode some rows of all tiles."""
        index = start // self._strip_px
        valid = laid_out([(tile.core, tile.valid) for tile in row.tiles], index, self._size[0])
        maps = laid_out([(tile.core, tile.found) for tile in row.tiles], index, self._size[0])
        if maps is None or valid is None:
            return self._decoder.push_open(rows, valid)
        return self._decoder.push(MapStrip(self._decoder.next_row, maps, valid))

    def close(self) -> list[Cluster]:
        """The rest."""
        return self._decoder.close()

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The decoder's state."""
        return self._decoder.snapshot()

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        from geoseg.decode.decoder import Decoder
        from geoseg.decode.seeds import MapLabeller

        labeller = MapLabeller(self._heads, self._params)
        self._decoder = Decoder.restore(*self._size, labeller, arrays, self._odds)

    @property
    def open_buildings(self) -> int:
        """Buildings in the decoder's memory."""
        return self._decoder.open_instances

    @property
    def dropped(self) -> dict[str, int]:
        """Candidates dropped by the decoder."""
        return self._decoder.dropped

    @property
    def resolved(self) -> dict[str, int]:
        """Nothing: maps have no seams."""
        return {}


class InstanceStage:
    """A model that predicts separate masks per tile."""

    def __init__(self, plan: Plan, min_pixels: int) -> None:
        from geoseg.stitch import InstanceDecoder
        from geoseg.stitch.decoder import GROWN_BY_NOTHING

        self._params = replace(GROWN_BY_NOTHING, min_pixels=min_pixels)
        self._size = (plan.region.width, plan.region.height)
        self._decoder = InstanceDecoder(*self._size, decode=self._params)
        self.reach_px = 2 * plan.lattice.context_px + CLUSTER_REACH_PX

    def decode(self, row: SeenRow[TileInstances]) -> Iterator[list[Cluster]]:
        """Clusters that these instances finished."""
        yield self._decoder.push([tile.found for tile in row.tiles])

    def close(self) -> list[Cluster]:
        """The rest."""
        return self._decoder.close()

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The stitcher's state."""
        return self._decoder.snapshot()

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        from geoseg.stitch import InstanceDecoder

        self._decoder = InstanceDecoder.restore(*self._size, arrays, decode=self._params)

    @property
    def open_buildings(self) -> int:
        """Buildings in the stitcher's memory."""
        return self._decoder.open_instances

    @property
    def dropped(self) -> dict[str, int]:
        """Candidates dropped by the stitcher."""
        counts = self._decoder.counts
        lost = {"slivers": counts.slivers, "fragments": counts.fragments}
        return self._decoder.dropped | lost

    @property
    def resolved(self) -> dict[str, int]:
        """What the stitcher united, deduplicated and decided."""
        counts = self._decoder.counts
        return {
            "united": counts.united,
            "deduplicated": counts.deduplicated,
            "conflicts": counts.conflicts,
        }


def laid_out(
    tiles: Sequence[tuple[Window, PackedRows[Any]]], index: int, width: int
) -> NDArray[Any] | None:
    """Piece ``index`` of all tiles side by side, 0 elsewhere, ``width`` wide; None where all is 0."""
    pieces = [(core, packed.piece(index)) for core, packed in tiles]
    filled = [(core, piece) for core, piece in pieces if piece is not None]
    if not filled:
        return None
    some = filled[0][1]
    array = np.zeros((*some.shape[:-1], width), some.dtype)
    for core, piece in filled:
        array[..., core.col_off : core.col_end] = piece
    return array
