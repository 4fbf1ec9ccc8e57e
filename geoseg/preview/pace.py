"""How fast this machine was found to be: kept by ``geoseg bench``, asked by ``geoseg info``."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from geoseg.files.cache import keep, kept
from geoseg.machine import processor_kind, usable_cores
from geoseg.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

FILE = "bench.json"
"""In the user's cache folder: one result, the latest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which network was run, and how."""

    model: str
    """Hexadecimal SHA-256 of its weights."""
    device: str = "auto"
    """As it was asked for, not as it was found; and so below."""
    precision: str = "auto"
    """As above."""
    runtime: str = "auto"
    """As above."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long runs take here, against what is reckoned without having run any."""

    asked: Asked
    """Of these runs."""
    times_reckoned: float
    """A run took so many times what ``preview.estimate`` reckons with for it."""
    date: str
    """Day of the benchmark, year-month-day."""
    version: str = __version__
    """Of geoseg."""
    processor: str = ""
    """Kind of processor."""
    cores: int = 0
    """Cores that the process could use."""

    @classmethod
    def here(cls, asked: Asked, times_reckoned: float) -> Self:
        """Found just now, on this machine."""
        today = dt.datetime.now(dt.UTC).date().isoformat()
        return cls(asked, times_reckoned, today, processor=processor_kind(), cores=usable_cores())

    def keep(self) -> Path:
        """Keep it in place of an earlier one.

        Raises:
            OutputError: there is no folder that could be written to.
        """
        return keep(FILE, asdict(self))

    @classmethod
    def kept(cls, asked: Asked) -> Self | None:
        """What was kept of such runs on this machine by this version; None: nothing, or of others."""
        told = kept(FILE)
        with suppress(TypeError, ValueError, KeyError):
            found = cls(**{**told, "asked": Asked(**told["asked"])})
            if found.asked == asked and found._is_of_here() and found.times_reckoned > 0:
                return found
        return None

    def _is_of_here(self) -> bool:
        return (
            self.version == __version__
            and self.cores == usable_cores()
            and self.processor == processor_kind()
        )
