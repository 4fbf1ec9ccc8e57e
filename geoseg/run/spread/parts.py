"""Which part of a raster's tiles is whose, where many jobs store maps without knowing of each other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from geoseg.errors import UsageError

if TYPE_CHECKING:
    from geoseg.tiles.lattice import Strip
    from geoseg.tiles.plan import Plan

ARRAYS = (
    ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"),
    ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", None),
    ("JOB_COMPLETION_INDEX", None, None),
)
"""Environment variables of job arrays: the index, the number of jobs, the first index."""
MOST_PARTS = 9999


@dataclass(frozen=True, slots=True)
class Part:
    """One of several parts."""

    index: int
    """Counted from 0."""
    count: int
    """How many there are."""

    def __post_init__(self) -> None:
        if not (1 <= self.count <= MOST_PARTS and 0 <= self.index < self.count):
            raise UsageError(
                f"--part (part): {self.index}/{self.count} is none; parts are counted from 0, so that of "
                f"four the last is 3/4, and there may be {MOST_PARTS}"
            )

    @classmethod
    def of(cls, given: str | tuple[int, int] | None) -> Self:
        """The part that is asked for; what is left out of it comes from the job array.

        Args:
            given: "2/8"; "/8": index from the job array; None: all of it from there, or the whole.

        Raises:
            UsageError: It is none.
        """
        if isinstance(given, tuple):
            return cls(*_two(given))
        if not isinstance(given, str | None):
            raise UsageError(f"--part (part): give index/count, such as 0/4; got {given!r}")
        index, count = _of_array()
        if given is None:
            if index is not None and count is None:
                raise UsageError(
                    "the job array says which job this is and not how many there are; give --part /N"
                )
            return cls(index or 0, count or 1)
        match = re.fullmatch(r"\s*(\d{1,6})?\s*/\s*(\d{1,6})\s*", given)
        if match is None:
            raise UsageError(f"--part (part): give index/count, such as 0/4; got {given!r}")
        if match[1] is None and index is None:
            raise UsageError(
                f"--part {given}: no job array says which job this is; give the index too, as in 0{given}"
            )
        return cls(int(match[1]) if match[1] is not None else index or 0, int(match[2]))

    def strips(self, plan: Plan) -> Iterator[tuple[int, Strip]]:
        """Rows of tiles with this part's tiles alone, and their numbers; those without any are left out."""
        total = sum(len(strip.tiles) for strip in plan.strips)
        first, last = (number * total // self.count for number in (self.index, self.index + 1))
        before = 0
        for number, strip in enumerate(plan.strips):
            own = strip.tiles[max(first - before, 0) : max(last - before, 0)]
            before += len(strip.tiles)
            if own:
                yield number, replace(strip, tiles=own)


def _two(given: tuple[int, ...]) -> tuple[int, int]:
    """The index and the count.

    Raises:
        UsageError: They are not two whole numbers.
    """
    if len(given) != 2 or not all(isinstance(one, int) for one in given):  # noqa: PLR2004
        raise UsageError(
            f"part takes two whole numbers, index and count, such as (0, 4); got {given!r}"
        )
    return given[0], given[1]


def _of_array() -> tuple[int | None, int | None]:
    for index, count, first in ARRAYS:
        if index in os.environ:
            start = _number(first) or 0
            return (_number(index) or 0) - start, _number(count)
    return None, None


def _number(name: str | None) -> int | None:
    text = os.environ.get(name, "") if name else ""
    if text and not text.isdecimal():
        raise UsageError(f"the environment variable {name} is no number: {text!r}")
    return int(text) if text else None
