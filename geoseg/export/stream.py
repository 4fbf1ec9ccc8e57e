"""Record batches on their way into a file: checked, counted, their own errors kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from geoseg.errors import OutputError


class BatchStream:
    """Iterate once over batches of one schema."""

    def __init__(self, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        self._batches = batches
        self._schema = schema
        self.rows = 0
        """Rows that went through so far."""
        self.error: BaseException | None = None
        """What the source of the batches raised: a reader in C shows only that it failed."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                self._require_schema(batch)
                yield batch
                self.rows += batch.num_rows
        except GeneratorExit:
            raise
        except BaseException as error:
            self.error = error
            raise

    def require_written(self, rows: int) -> None:
        """Refuse a written file that does not hold every row that went through."""
        require_rows(rows, self.rows, "the written file")

    def reader(self) -> pa.RecordBatchReader:
        """The same as an Arrow stream."""
        return pa.RecordBatchReader.from_batches(self._schema, iter(self))

    def _require_schema(self, batch: pa.RecordBatch) -> None:
        if batch.schema != self._schema:
            raise ValueError(f"a batch has another schema than promised:\n{batch.schema}")


def require_rows(rows: int, expected: int, what: str) -> None:
    """Refuse what does not hold every row that was written.

    Raises:
        OutputError: It does not.
    """
    if rows != expected:
        held = "has no end" if rows < 0 else f"holds {rows} of {expected} rows"
        raise OutputError(
            f"{what} {held}: it cannot be written whole, the disk may be full or failing. Make it free "
            "or check it, and run again"
        )
