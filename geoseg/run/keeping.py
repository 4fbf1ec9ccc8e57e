"""What people checked goes into the next result: with id and outline, in the place of what was found there.

This comes last, when all candidates are known and in order, and every candidate is judged by itself. Of one
that shares more than SHARE of its area, or of the other's, with a building that somebody confirmed or with an
outline that somebody called wrong, the word of the person stands. What overlaps less is cut where a confirmed
building lies. In plots that were checked wholly nothing new is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geoseg.attributes.measure import MEASURES, measure_again
from geoseg.export.layer import LayerInfo
from geoseg.export.schema import GEOMETRY, SCHEMA, Column
from geoseg.export.styles.buildings import building_styles
from geoseg.run.kept import COLUMNS, Kept, Place
from geoseg.vectors.overlap import find_overlaps
from geoseg.vectors.shared import part_beyond

SHARE = 0.5
"""Of the area of a candidate, or of what was checked: more in common is the same place."""
CHECKED, KEPT, WRONG = "in_checked_plots", "kept_instead", "said_wrong"
"""Why candidates go."""

Batches = Callable[[], Iterator[pa.RecordBatch]]


@dataclass(slots=True)
class _Found:
    """What became of candidates."""

    dropped: Counter[str] = field(default_factory=Counter)
    cut: int = 0


class Keeper:
    """Candidates, with what was checked in the place of what was found there."""

    def __init__(self, kept: Kept, candidates: Batches) -> None:
        self._kept, self._candidates = kept, candidates
        self._ids: NDArray[np.int64] = kept.table["building_id"].to_numpy()
        found, renumbered = _Found(), 0
        for batch in candidates():
            renumbered += int(np.isin(_ids_of(self._new(batch, found)), self._ids).sum())
        self.dropped = found.dropped
        """Reason to number of candidates that go."""
        self.record = {
            **kept.told, "dropped": dict(found.dropped), "cut": found.cut, "renumbered": renumbered,
        }  # fmt: skip
        """What the metadata say of it."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """(n,) numbers of what people confirmed, rising."""
        return self._ids

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All buildings by rising id, with the contract's columns."""
        waiting = self._kept.table.select(SCHEMA.names)
        last: list[pa.RecordBatch] = []
        for batch in self._candidates():
            new = self._new(batch, _Found())
            again = np.isin(_ids_of(new), self._ids)
            if again.any():
                last.append(new.filter(pa.array(again)))
                new = new.filter(pa.array(~again))
            if not new.num_rows:
                continue
            due = int(np.searchsorted(waiting["building_id"].to_numpy(), _ids_of(new)[-1]))
            both = pa.concat_tables([pa.Table.from_batches([new]), waiting.slice(0, due)])
            waiting = waiting.slice(due)
            yield from both.sort_by("building_id").combine_chunks().to_batches()
        yield from waiting.combine_chunks().to_batches()
        yield from self._with_new_ids(last)

    def with_verdicts(
        self, batches: Iterator[pa.RecordBatch], layer: LayerInfo
    ) -> Iterator[pa.RecordBatch]:
        """The batches of :meth:`batches`, whatever columns they were given since, with the verdicts."""
        for batch in batches:
            ids = _ids_of(batch)
            place = np.minimum(np.searchsorted(self._ids, ids), max(0, len(self._ids) - 1))
            known = self._ids[place] == ids if len(self._ids) else np.zeros(len(ids), bool)
            taken = pa.array(place, mask=~known)
            said = [
                self._kept.table[column.name].combine_chunks().take(taken) for column in COLUMNS
            ]
            yield pa.RecordBatch.from_arrays(
                [*batch.columns[:-1], *said, batch.columns[-1]], schema=layer.schema
            )

    def _new(self, batch: pa.RecordBatch, found: _Found) -> pa.RecordBatch:
        """Candidates that stay, cut where confirmed buildings lie."""
        kept = self._kept
        shapes = shapely.from_wkb(batch.column(GEOMETRY).to_numpy(zero_copy_only=False))
        goes = np.full(len(shapes), "", dtype=object)
        goes[_same_place(shapes, kept.wrong)] = WRONG
        goes[_same_place(shapes, kept.shapes)] = KEPT
        goes[_inside(shapes, kept.plots)] = CHECKED
        rest = goes == ""
        cut = _cut(shapes, kept.shapes, rest)
        if len(cut):
            found.cut += len(cut)
            batch = _redrawn(batch, shapes, cut, kept.place)
            small = batch.column("area_m2").to_numpy()[cut] < kept.place.least_m2
            goes[cut[small]] = KEPT
        found.dropped.update(goes[goes != ""].tolist())
        return batch.filter(pa.array(goes == ""))

    def _with_new_ids(self, last: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """New buildings elsewhere with the number of a confirmed one."""
        first = self._kept.first_id
        for batch in last:
            ids = pa.array(np.arange(first, first + batch.num_rows))
            first += batch.num_rows
            yield batch.set_column(0, SCHEMA.field(0), ids)


def with_review(layer: LayerInfo) -> LayerInfo:
    """A layer with the columns of the review before the geometry."""
    schema = layer.schema
    fields = [schema.field(name) for name in schema.names]
    ours = [pa.field(column.name, column.arrow_type) for column in COLUMNS]
    columns: tuple[Column, ...] = (*layer.columns, *COLUMNS)
    names = [field.name for field in (*fields[:-1], *ours)]
    return replace(
        layer,
        schema=pa.schema([*fields[:-1], *ours, fields[-1]]),
        columns=columns,
        styles=building_styles(names, columns, solid="height_m" in names),
    )


def _ids_of(batch: pa.RecordBatch) -> NDArray[np.int64]:
    return np.asarray(batch.column("building_id").to_numpy(), np.int64)


def _same_place(shapes: NDArray[np.object_], others: NDArray[np.object_]) -> NDArray[np.intp]:
    """Shapes that share more than SHARE of their area, or of the other's."""
    pairs = find_overlaps(shapes, others)
    smaller = np.minimum(shapely.area(shapes)[pairs.first], shapely.area(others)[pairs.second])
    return np.unique(pairs.first[pairs.shared > SHARE * smaller])


def _inside(shapes: NDArray[np.object_], plots: NDArray[np.object_]) -> NDArray[np.intp]:
    """Shapes whose representative point lies in a plot."""
    points = shapely.point_on_surface(shapes)
    return np.unique(shapely.STRtree(plots).query(points, predicate="intersects")[0])


def _cut(
    shapes: NDArray[np.object_], kept: NDArray[np.object_], rest: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Take what confirmed buildings cover off the rest of the shapes; which were changed."""
    pairs = find_overlaps(shapes, kept)
    mine = rest[pairs.first]
    rows = np.unique(pairs.first[mine])
    for row in rows.tolist():
        over = shapely.union_all(kept[pairs.second[mine & (pairs.first == row)]])
        left = shapely.get_parts(part_beyond(shapes[row], over))
        left = left[shapely.get_dimensions(left) == 2]  # noqa: PLR2004
        shapes[row] = left[np.argmax(shapely.area(left))] if len(left) else shapes[row]
    return rows


def _redrawn(
    batch: pa.RecordBatch, shapes: NDArray[np.object_], rows: NDArray[np.intp], place: Place
) -> pa.RecordBatch:
    """The batch with other outlines in some rows, and their measures."""
    shapes[rows] = shapely.orient_polygons(shapes[rows])
    new = measure_again(shapes[rows], place.mosaic.grid, place.mosaic.output_crs)
    columns = {name: batch.column(name) for name in SCHEMA.names}
    for name, values in zip(MEASURES, new, strict=True):
        all_of_them = columns[name].to_numpy().copy()
        all_of_them[rows] = values
        columns[name] = pa.array(all_of_them)
    columns[GEOMETRY] = pa.array(shapely.to_wkb(shapes), pa.binary())
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)
