"""What was looked at, and how it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from geoseg.pages.notebook import Shown

State = Literal["ok", "note", "broken"]
"""Fine; worth knowing; in the way of a run."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at."""

    name: str
    """What it is."""
    state: State
    """How it is."""
    told: str
    """What was seen."""
    advice: str = ""
    """What to do, where something is not fine."""


@dataclass(frozen=True, slots=True, repr=False)
class Checkup(Shown):
    """All that was looked at."""

    looks: tuple[Look, ...]
    """In order."""

    @property
    def healthy(self) -> bool:
        """Whether nothing is in the way of a run."""
        return all(look.state != "broken" for look in self.looks)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"healthy": self.healthy, "looks": [asdict(look) for look in self.looks]}

    def in_words(self) -> list[tuple[str, str]]:
        """What was looked at, and how it is."""
        return [(look.name, f"{look.state}: {look.told}") for look in self.looks]
