"""The two ways from pixels to clusters: maps decoded, or instances stitched.

``look`` runs the model over one row of tiles, in the calling thread; ``decode`` turns what it saw
into finished clusters, in order, possibly in another thread while the model looks at the next row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from geoseg.decode import DecodeParams, Decoder
from geoseg.inference import Seen, find_instances, map_strip
from geoseg.models.protocols import DenseModel
from geoseg.stitch import InstanceDecoder
from geoseg.stitch.decoder import GROWN_BY_NOTHING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.grid import Strip
    from geoseg.models.protocols import InstanceModel
    from geoseg.plan import Plan
    from geoseg.settings import PredictSettings
    from geoseg.types import Block, Cluster, MapStrip

CLUSTER_REACH_PX = 8
"""How far, besides growth or context, a pixel can bear on a building: neighbours in its cluster."""


STRIP_PX = 128
"""Rows decoded at a time by default: what they finish is drawn before the next are decoded."""
MIN_AREA_M2 = 6.0
"""Buildings smaller than this are dropped by default: most are cars, tanks and errors."""


def make_stage(model: DenseModel | InstanceModel, plan: Plan, settings: PredictSettings) -> Stage:
    """The stage for a kind of model; the least area counts in pixels of the grid's centre."""
    min_area_m2 = MIN_AREA_M2 if settings.min_area_m2 is None else settings.min_area_m2
    min_pixels = max(1, round(min_area_m2 / plan.lattice.grid.gsd_m**2))
    if isinstance(model, DenseModel):
        params = replace(thresholds(model), min_pixels=min_pixels)
        return DenseStage(model, plan, params, settings.strip_px or STRIP_PX)
    return InstanceStage(model, plan, replace(GROWN_BY_NOTHING, min_pixels=min_pixels))


def thresholds(model: DenseModel) -> DecodeParams:
    """The model's own thresholds, or the defaults for a model that brings none."""
    decoding = getattr(getattr(model, "metadata", None), "decoding", None)
    return DecodeParams() if decoding is None else DecodeParams(**decoding.as_levels())


class Stage(Protocol):
    """Model and decoder of one run."""

    reach_px: int
    """Pixels farther than this from a cluster cannot change it."""

    def look(self, strip: Strip, block: Block | None) -> Seen[Any]:
        """Run the model."""
        ...

    def decode(self, seen: Seen[Any]) -> Iterator[list[Cluster]]:
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
        self._model = model
        self._plan = plan
        self._params = params
        self._strip_px = strip_px
        self._size = (plan.region.width, plan.region.height)
        self._decoder = Decoder(*self._size, model.heads, params)
        self.reach_px = params.grow_steps + CLUSTER_REACH_PX

    def look(self, strip: Strip, block: Block | None) -> Seen[MapStrip]:
        """The maps of one row of tiles."""
        return map_strip(self._model, strip, block, self._plan.region, batch=self._plan.batch)

    def decode(self, seen: Seen[MapStrip]) -> Iterator[list[Cluster]]:
        """Clusters that these maps finished."""
        return map(self._decoder.push, seen.found.pieces(self._strip_px))

    def close(self) -> list[Cluster]:
        """The rest."""
        return self._decoder.close()

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The decoder's state."""
        return self._decoder.snapshot()

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._decoder = Decoder.restore(*self._size, self._model.heads, self._params, arrays)

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

    def __init__(self, model: InstanceModel, plan: Plan, params: DecodeParams) -> None:
        self._model = model
        self._plan = plan
        self._params = params
        self._size = (plan.region.width, plan.region.height)
        self._decoder = InstanceDecoder(*self._size, decode=params)
        self.reach_px = 2 * plan.lattice.context_px + CLUSTER_REACH_PX

    def look(self, strip: Strip, block: Block | None) -> Seen[Any]:
        """The instances of one row of tiles."""
        return find_instances(self._model, strip, block, self._plan.region, batch=self._plan.batch)

    def decode(self, seen: Seen[Any]) -> Iterator[list[Cluster]]:
        """Clusters that these instances finished."""
        yield self._decoder.push(seen.found)

    def close(self) -> list[Cluster]:
        """The rest."""
        return self._decoder.close()

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The stitcher's state."""
        return self._decoder.snapshot()

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._decoder = InstanceDecoder.restore(*self._size, arrays, decode=self._params)

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
