"""Instances of tiles in, clusters of finished buildings out: the sibling of the dense decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from numpy.typing import NDArray

from geoseg.decode.decoder import Decoder
from geoseg.decode.params import DecodeParams
from geoseg.stitch.groups import Groups
from geoseg.stitch.outline import GroupLabeller
from geoseg.stitch.params import StitchParams
from geoseg.stitch.saved import restore_stitcher, saved_stitcher
from geoseg.stitch.stitcher import StitchCounts, Stitched, Stitcher
from geoseg.stitch.tile import TileInstances
from geoseg.types import Cluster

GROWN_BY_NOTHING = DecodeParams(grow_steps=0, min_mean_body=0)
"""Masks are what the model says; how sure an instance must be is the model's threshold."""

STITCHER, OUTLINE, GROUPS = "stitcher_", "outline_", "groups_"
"""Prefixes in the saved state."""


class InstanceDecoder:
    """Unites the pieces of buildings and hands out clusters, row of tiles by row of tiles.

    A building is a 4-connected part of what was united; parts of fewer than ``min_pixels`` pixels
    are dropped. The result depends on the instances and the lattice of tiles alone.
    """

    def __init__(
        self,
        width: int,
        height: int,
        params: StitchParams | None = None,
        decode: DecodeParams = GROWN_BY_NOTHING,
    ) -> None:
        self._stitcher = Stitcher(width, height, params)
        self._labeller = GroupLabeller(decode)
        self._outline = Decoder(width, height, self._labeller)
        self._groups = Groups()

    @property
    def counts(self) -> StitchCounts:
        """What became of the model's instances."""
        return self._stitcher.counts

    @property
    def dropped(self) -> dict[str, int]:
        """How many united groups of pixels were not buildings, by reason."""
        return self._outline.dropped

    @property
    def open_instances(self) -> int:
        """Pieces and provisional buildings in memory."""
        return self._stitcher.open_instances + self._outline.open_instances

    def push(self, tiles: Sequence[TileInstances]) -> list[Cluster]:
        """Add one row of tiles, in any order; tiles without a valid pixel may be left out."""
        return self._outlined(self._stitcher.push(tiles))

    def close(self) -> list[Cluster]:
        """Finish after the last row of tiles; returns the rest."""
        return self._outlined(self._stitcher.close()) + self._outline.close()

    def _outlined(self, stitched: Stitched) -> list[Cluster]:
        groups, outline, labeller = self._groups, self._outline, self._labeller
        groups.admit(stitched.next_id)
        groups.unite(stitched.same)
        clusters: list[Cluster] = []
        labeller.plane[:] = groups.roots()[labeller.plane]
        for rows in stitched.rows:
            clusters += outline.push(replace(rows, labels=groups.of(rows.labels)))
        labeller.plane[:] = groups.forget(stitched.live_id, labeller.plane)[labeller.plane]
        return clusters

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything needed to go on after the last row of tiles, as plain arrays."""
        groups = {"parent": self._groups.parent, "group": self._groups.group}
        return {
            **{STITCHER + name: array for name, array in saved_stitcher(self._stitcher).items()},
            **{OUTLINE + name: array for name, array in self._outline.snapshot().items()},
            **{GROUPS + name: array.copy() for name, array in groups.items()},
        }

    @classmethod
    def restore(
        cls,
        width: int,
        height: int,
        arrays: Mapping[str, NDArray[Any]],
        params: StitchParams | None = None,
        decode: DecodeParams = GROWN_BY_NOTHING,
    ) -> Self:
        """The decoder as it was when ``arrays`` came from ``snapshot``."""
        decoder = cls(width, height, params, decode)
        outline = _part(arrays, OUTLINE)
        decoder._outline = Decoder.restore(width, height, decoder._labeller, outline)
        restore_stitcher(decoder._stitcher, _part(arrays, STITCHER))
        groups = _part(arrays, GROUPS)
        decoder._groups.parent = groups["parent"].copy()
        decoder._groups.group = groups["group"].copy()
        decoder._groups.first_id = decoder._stitcher.next_id - len(groups["group"])
        return decoder


def _part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
