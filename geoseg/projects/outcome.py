"""What came of writing a project."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geoseg.pages.notebook import Shown


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Project(Shown):
    """A QGIS project that was written."""

    output: Path
    """The GeoPackage or the project file that holds it."""
    name: str
    """Of the project."""
    address: str
    """What QGIS opens: ``qgis ADDRESS``."""
    layers: tuple[str, ...]
    """Layers of the GeoPackage that it shows, from the top down."""
    photos: tuple[str, ...]
    """Rasters beneath them, as the project names them."""
    notes: tuple[str, ...]
    """What was left out, a sentence each."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        lists = {name: list(getattr(self, name)) for name in ("layers", "photos", "notes")}
        return {**asdict(self), "output": str(self.output), **lists}

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        return [
            ("layers", ", ".join(self.layers)),
            ("photo", ", ".join(self.photos)),
            ("open it by", f"qgis {shlex.quote(self.address)}"),
            ("output", str(self.output)),
        ]
