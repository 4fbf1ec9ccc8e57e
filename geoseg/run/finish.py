"""From clusters to rows of the output: draw, measure, name the source."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import compress, islice
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import pyarrow as pa
import shapely

from geoseg.attributes.confidence import Rating
from geoseg.attributes.measure import measure, on_grid
from geoseg.export.arrays import column, no_rows
from geoseg.export.schema import SCHEMA
from geoseg.run.origins import Origins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from pyproj import CRS

    from geoseg.attributes.confidence import Rated
    from geoseg.attributes.measure import MeasuredBatch
    from geoseg.footprints import Footprint, FootprintSettings
    from geoseg.raster import Mosaic
    from geoseg.tiles.area import Area
    from geoseg.tiles.tally import Tally
    from geoseg.types import Cluster


CLUSTERS_AT_A_TIME = 1024
"""Drawn together, for speed; more would only take more memory."""
CRACKS_AT_A_TIME = 500_000
"""Of clusters that wait for others to be drawn with: some thousand buildings, 16 megabytes."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Rows of the output."""

    table: pa.Table
    """Buildings with the contract's columns."""
    dropped: Counter[str]
    """Reason to number of buildings, or parts of them, left out here."""

    @classmethod
    def together(cls, several: Sequence[Finished]) -> Self:
        """All of them."""
        tables = [no_rows(SCHEMA), *(each.table for each in several)]
        return cls(pa.concat_tables(tables), sum((each.dropped for each in several), Counter()))


class Finishing(Protocol):
    """Whoever finishes clusters: this process, or others."""

    @property
    def area(self) -> Area | None:
        """Buildings whose representative point lies outside are left out; None: none are."""
        ...

    def begin(self, clusters: Sequence[Cluster]) -> Callable[[], Finished]:
        """Take clusters; the rows of their buildings come when what is handed back is called."""
        ...


@dataclass(frozen=True, slots=True)
class FinishingHere:
    """Finishes at once."""

    finisher: Finisher
    """Does it."""
    tally: Tally
    """Told of times."""
    ready: Callable[[Sequence[Cluster]], None]
    """Called with clusters before they are finished: waits for the loops that this takes."""

    @property
    def area(self) -> Area | None:
        """That of the finisher."""
        return self.finisher.area

    def begin(self, clusters: Sequence[Cluster]) -> Callable[[], Finished]:
        """Finish them."""
        with self.tally.stage("vectorize"):
            self.ready(clusters)
            finished = self.finisher.finish(clusters)
        return lambda: finished


def joined(found: Iterable[list[Cluster]]) -> Iterator[list[Cluster]]:
    """The same clusters, fewer at a time joined to more; at least one list, if an empty one.

    A few rows of pixels finish a few clusters, and what drawing costs besides is the same for one as
    for hundreds.
    """
    waiting: list[Cluster] = []
    cracks = 0
    for clusters in found:
        waiting += clusters
        cracks += sum(len(one.crack_row) for one in clusters)
        if cracks >= CRACKS_AT_A_TIME or len(waiting) >= CLUSTERS_AT_A_TIME:
            yield waiting
            waiting, cracks = [], 0
    yield waiting


class Finisher:
    """Draws and measures clusters; pure, so that it can be sent to where it is to be done."""

    def __init__(
        self,
        mosaic: Mosaic,
        settings: FootprintSettings,
        output_crs: CRS,
        area: Area | None,
        rating: Rating | None = None,
        *,
        least_m2: float = 0.0,
        date: str | None = None,
    ) -> None:
        self._mosaic = mosaic
        self._settings = settings
        self._output_crs = output_crs
        self._rating = rating or Rating()
        self._least_m2 = least_m2
        self._origins = Origins.of(mosaic, date)
        self.area = area
        """Buildings whose representative point lies outside are left out; None: none are."""

    def finish(self, clusters: Iterable[Cluster]) -> Finished:
        """The rows of all buildings in ``clusters``."""
        from geoseg.footprints import draw_all  # compiled loops, which take a while to load

        tables = [no_rows(SCHEMA)]
        dropped: Counter[str] = Counter()
        waiting = iter(clusters)
        while group := list(islice(waiting, CLUSTERS_AT_A_TIME)):
            drawn = draw_all(group, self._settings)
            for each in drawn:
                dropped.update(each.dropped)
            footprints = [one for each in drawn for one in each.footprints]
            # All are drawn: walls that others share with unlikely ones are the same either way.
            rated = self._rating.rate(group, self._mosaic.grid.gsd_m)
            dropped["unlikely"] += int(np.count_nonzero(~rated.keeps))
            large, small = self._table(footprints, rated)
            dropped["small_as_drawn"] += small
            tables.append(large)
        return Finished(pa.concat_tables(tables), dropped)

    def _table(self, footprints: list[Footprint], rated: Rated) -> tuple[pa.Table, int]:
        """Rows of those that are likely enough, lie in the area and are large enough, and how many of them are not large enough."""
        likely = list(compress(footprints, rated.keeps.tolist()))
        if not likely:
            return no_rows(SCHEMA), 0
        grid, crs = self._mosaic.grid, self._output_crs
        measured = replace(
            measure(likely, grid, crs, middle_x=self._mosaic.output_x),
            confidence=rated.confidence[rated.keeps].astype(np.float32),
            presence=rated.presence[rated.keeps].astype(np.float32),
        )
        points = on_grid(shapely.point_on_surface(measured.geometry), grid, crs)
        # The decoder counted pixels; walls, and the grid's scale away from its centre, give a bit less.
        large = measured.area_m2 >= self._least_m2
        inside = np.ones_like(large) if self.area is None else self.area.holds(points)
        return self._rows(measured, points, large & inside), int(np.count_nonzero(inside & ~large))

    def _rows(
        self, measured: MeasuredBatch, points: NDArray[np.object_], wanted: NDArray[np.bool_]
    ) -> pa.Table:
        """Those that are wanted; ``points`` (n,) lie in them, in pixels of the grid."""
        columns: dict[str, Any] = {
            **self._origins.columns(points[wanted]),
            "geometry": shapely.to_wkb(measured.geometry[wanted]),
        }
        of_measures = [name for name in SCHEMA.names if name not in columns]
        columns |= {name: getattr(measured, name)[wanted] for name in of_measures}
        arrays = [column(columns[each.name], each.type) for each in SCHEMA]
        return pa.Table.from_arrays(arrays, schema=SCHEMA)
