"""What training and tuning hand back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoseg.pages.notebook import Shown

if TYPE_CHECKING:
    from geoseg.models.weights import Metadata

TOLD = {"gsd_m", "decoding", "tta", "calibration", "validation", "metrics"}
"""What tuning changes in a model file."""


@dataclass(frozen=True, slots=True, repr=False)
class Training(Shown):
    """A finished training."""

    model: Path
    """The model file."""
    step: int
    """Steps of the optimiser."""
    loss: float
    """Running mean of the loss at the end; not a number where no step was done."""
    f1: dict[str, float]
    """Held-out place to F1 at IoU 0.5, when it was scored last; empty where none is held out."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        loss = None if math.isnan(self.loss) else self.loss
        return {"model": str(self.model), "step": self.step, "loss": loss, "f1": self.f1}


@dataclass(frozen=True, slots=True, repr=False)
class Tuning(Shown):
    """Thresholds and calibration, chosen on held-out scenes."""

    metadata: Metadata
    """What the model file says of itself now."""
    output: Path
    """The model file written."""
    html: Path | None
    """Its card as a page, where one was asked for."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        described: dict[str, Any] = self.metadata.model_dump(mode="json", include=TOLD)
        page = None if self.html is None else str(self.html)
        return {"output": str(self.output), "html": page} | described
