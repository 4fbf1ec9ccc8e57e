"""Rows of tiles looked at, and clusters finished, by others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geoseg.errors import WorkerError
from geoseg.run.finish import Finished
from geoseg.run.rows import add
from geoseg.run.spread.clusters import packed_clusters
from geoseg.run.spread.feed import Feed
from geoseg.run.spread.messages import Sealed, packed
from geoseg.tiles.looking import SeenRow
from geoseg.tiles.plan import PANEL_PX, Panel

if TYPE_CHECKING:
    from geoseg.run.finish import Finisher, Finishing
    from geoseg.run.lookers import SeenPanel
    from geoseg.run.spread.home import Home
    from geoseg.tiles.area import Area
    from geoseg.tiles.lattice import Strip
    from geoseg.tiles.plan import Plan
    from geoseg.types import Cluster

_log = logging.getLogger(__name__)

CRACKS_AT_A_TIME = 30_000
"""Of clusters that are finished together: some hundred buildings, a tenth of a second."""
CLUSTERS_AT_A_TIME = 1024
"""At most."""
AHEAD, MORE_AHEAD = 8, 16
"""Panels ahead for each worker, and besides; a panel takes a megabyte. With fewer, one slow worker holds up
all others (``benchmarks/cluster.py``)."""


@dataclass(frozen=True, slots=True)
class RowsElsewhere:
    """Rows of tiles that others look at; they read the raster themselves."""

    home: Home
    """Gives out tasks."""
    needs: dict[str, Sealed]
    """The model and the raster."""
    plan: Plan
    """The tiles."""

    @contextmanager
    def of(self, strips: Sequence[Strip]) -> Iterator[Iterator[SeenRow[Any]]]:
        """What the model makes of each."""
        feed = Feed(
            (piece for strip in strips for piece in pieces(self.plan, strip)),
            self._give,
            busy=lambda: 2 * self.home.width,
            ahead=lambda: AHEAD * self.home.width + MORE_AHEAD,
        )
        try:
            yield (self._row(strip, feed) for strip in strips)
        finally:
            feed.close()
            self.home.take_back()

    def _give(self, piece: Panel) -> Future[SeenPanel[Any]]:
        return self.home.submit("look", self.needs, packed((piece.tiles, piece.window)))

    def _row(self, strip: Strip, feed: Feed[Panel, SeenPanel[Any]]) -> SeenRow[Any]:
        row: SeenRow[Any] = SeenRow(strip.height, [], 0, set())
        for _ in pieces(self.plan, strip):
            add(row, next(feed))
        return row


def pieces(plan: Plan, strip: Strip) -> Iterator[Panel]:
    """A row of tiles in what is looked at by one worker at a time, from left to right.

    Single tiles, so that all workers have something to do; but a batch stays one, and so does a wide row
    of a raster that lies on disk in rows, which would be decoded for every tile anew.
    """
    for panel in plan.panels(strip):
        if plan.batch > 1 or panel.window.width > 4 * PANEL_PX:
            yield panel
        else:
            yield from (Panel((tile,), tile.window) for tile in panel.tiles)


@dataclass(frozen=True, slots=True)
class FinishingElsewhere:
    """Clusters that others finish."""

    home: Home
    """Gives out tasks."""
    needs: dict[str, Sealed]
    """The raster."""
    finisher: Finisher
    """As workers have it."""

    @property
    def area(self) -> Area | None:
        """That of the finisher."""
        return self.finisher.area

    def begin(self, clusters: Sequence[Cluster]) -> Callable[[], Finished]:
        """Send clusters out, the largest first; the order of rows is the sink's affair."""
        begun = [
            self.home.submit("finish", self.needs, packed_clusters(group))
            for group in groups(clusters)
        ]
        return lambda: Finished.together([future.result() for future in begun])


class FinishingBeside:
    """Clusters that others finish, whom nobody asked for: what they cannot do is done here, and told."""

    def __init__(self, others: FinishingElsewhere, here: Callable[[], Finishing]) -> None:
        """Wait until one of the others has seen the raster."""
        self._others: Finishing = others
        self._here = here
        with self._replaced():
            others.home.submit("see", others.needs, b"").result()

    @property
    def area(self) -> Area | None:
        """That of the finisher."""
        return self._others.area

    def begin(self, clusters: Sequence[Cluster]) -> Callable[[], Finished]:
        """Send them out; finish them here once the others have failed."""
        begun = self._others.begin(clusters)

        def finished() -> Finished:
            with self._replaced():
                return begun()
            return self._others.begin(clusters)()

        return finished

    @contextmanager
    def _replaced(self) -> Iterator[None]:
        """Those who fail meanwhile are not asked again."""
        try:
            yield
        except (WorkerError, MemoryError, OSError, ImportError) as error:
            if isinstance(self._others, FinishingElsewhere):
                why = str(error).partition(";")[0]  # what to do is for workers that were asked for
                _log.warning("outlines are drawn by this process alone: %s", why)
                self._others = self._here()


def groups(clusters: Sequence[Cluster]) -> Iterator[list[Cluster]]:
    """Clusters in groups of about the same work, the largest first."""
    group: list[Cluster] = []
    cracks = 0
    for cluster in sorted(clusters, key=lambda one: -len(one.crack_row)):
        group.append(cluster)
        cracks += len(cluster.crack_row)
        if cracks >= CRACKS_AT_A_TIME or len(group) == CLUSTERS_AT_A_TIME:
            yield group
            group, cracks = [], 0
    if group:
        yield group
