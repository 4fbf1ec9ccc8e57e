"""Where finished buildings go while a run goes on: to parts on disk, or into memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from geoseg.export.schema import SCHEMA
from geoseg.run.state.assemble import assemble
from geoseg.run.state.parts import PartsWriter, has_state

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from pydantic import JsonValue

    from geoseg.raster.identity import Watch
    from geoseg.run.state.identity import RunIdentity
    from geoseg.run.state.lock import OutputLock


CLOSED = "closed"
"""A count: 1 when every building is committed."""
MOST_WAITING = 16
"""Rows of tiles of rasters on servers that wait to be kept together: a killed run computes them again."""


@dataclass(frozen=True, slots=True)
class RunState:
    """Everything a run needs to go on after a row of tiles."""

    strips_done: int
    """Rows of tiles that are finished."""
    counts: dict[str, int]
    """The run's counters."""
    arrays: dict[str, NDArray[np.generic]]
    """The decoder's open instances and the observed area."""

    @property
    def is_closed(self) -> bool:
        """True when every building is committed."""
        return self.counts.get(CLOSED) == 1

    def copied(self) -> RunState:
        """As it is now: the run goes on to write into its arrays."""
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        return replace(self, counts=dict(self.counts), arrays=arrays)


class Sink(Protocol):
    """Takes what each row of tiles finished, together with the state after it."""

    def load(self) -> RunState | None:
        """The state of the last commit; None at the start."""
        ...

    def commit(self, table: pa.Table, state: RunState) -> None:
        """Keep ``table`` and ``state``, both or neither.

        Raises:
            UnreadableRasterError: a raster was changed since the run began: who knows what was read.
        """
        ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Everything committed, sorted by building_id."""
        ...

    def restart(self) -> None:
        """Forget everything: the run begins anew."""
        ...

    def remove(self) -> None:
        """Forget everything: the run is complete."""
        ...


class Turns:
    """After which rows of tiles the rasters are looked at again, before the rows are kept.

    Files here: after every row. A look at a server is a request that brings no pixel, so there after the
    first row, the second, the fourth and so on, later after every 16th, and after the last.
    """

    def __init__(self, inputs: Watch) -> None:
        self._remote = inputs.remote
        self._waiting, self._wanted = 0, 1

    def due(self, state: RunState) -> bool:
        """Whether to look after one row more."""
        self._waiting += 1
        if self._remote and not state.counts.get("closed") and self._waiting < self._wanted:
            return False
        self._waiting, self._wanted = 0, min(2 * self._wanted, MOST_WAITING)
        return True


class MemorySink:
    """Keeps the buildings in memory, for callers who want a GeoDataFrame."""

    def __init__(self, inputs: Watch) -> None:
        self._inputs = inputs
        self._turns = Turns(inputs)
        self._tables: list[pa.Table] = []

    def load(self) -> RunState | None:
        """Nothing: a run in memory starts anew."""
        return None

    def commit(self, table: pa.Table, state: RunState) -> None:
        """Keep the buildings."""
        if self._turns.due(state):
            self._inputs.require_unchanged()
        self._tables.append(table)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All buildings, sorted by building_id."""
        table = pa.concat_tables([SCHEMA.empty_table(), *self._tables])
        yield from table.sort_by("building_id").to_batches()

    def restart(self) -> None:
        """Forget the buildings."""
        self._tables.clear()

    def remove(self) -> None:
        """Forget the buildings."""
        self._tables.clear()


class PartsSink:
    """Keeps buildings and state in ``<output>.parts``, from where a run can be resumed."""

    def __init__(
        self, lock: OutputLock, identity: RunIdentity, inputs: Watch, *, resume: bool
    ) -> None:
        if resume and has_state(lock.output):
            identity.require_known()
        open_parts = PartsWriter.resume if resume else PartsWriter.create
        self._parts = open_parts(lock.output, identity)
        self._identity = identity
        self._inputs = inputs
        self._turns = Turns(inputs)
        self._waiting: list[tuple[pa.Table, RunState]] = []
        self._lock = lock
        if self._parts.outcome is not None and not lock.output.is_file():
            self.restart()  # it was complete, and was taken away since

    @property
    def resumable(self) -> bool:
        """Whether a later run could know that it is the same one."""
        return self._identity.unknown is None

    @property
    def output(self) -> Path:
        """What is to be made of them."""
        return self._lock.output

    @property
    def folder(self) -> Path:
        """Where they are kept."""
        return self._parts.folder

    @property
    def outcome(self) -> dict[str, JsonValue] | None:
        """The summary of a run that wrote its output and was stopped before it removed its state."""
        return self._parts.outcome

    @property
    def kept(self) -> bool:
        """True when there is something to go on with."""
        return bool(self._parts.done_strips) and has_state(self._lock.output)

    def load(self) -> RunState | None:
        """The state of the last commit."""
        done = self._parts.done_strips
        arrays = self._parts.load_snapshot()
        if not done or arrays is None:
            return None
        counts = {name: int(str(count)) for name, count in self._parts.counters.items()}
        return RunState(len(done), counts, arrays)

    def commit(self, table: pa.Table, state: RunState) -> None:
        """Write a part and the state, atomically, once the rasters were looked at again."""
        due = self._turns.due(state)
        self._waiting.append((table, state if due else state.copied()))
        if due:
            self.keep_waiting()

    def keep_waiting(self) -> None:
        """Write the parts that wait for a look at the rasters.

        Raises:
            UnreadableRasterError: A raster was changed; what waited is given up.
        """
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        self._inputs.require_unchanged()
        self._lock.require_held()
        for table, state in waiting:
            self._parts.commit(state.strips_done - 1, table, state.arrays, dict(state.counts))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All buildings, sorted by building_id, in bounded memory."""
        return assemble(self._parts.parts)

    def restart(self) -> None:
        """Empty the folder; what lies there is this run's own, and nobody has to be told."""
        self._waiting = []
        self._parts.remove()
        self._parts = PartsWriter.create(self._lock.output, self._identity)

    def finish(self, outcome: dict[str, JsonValue]) -> None:
        """Note that the output is complete."""
        self._parts.finish(outcome)

    def remove(self) -> None:
        """Remove the folder."""
        self._parts.remove()
