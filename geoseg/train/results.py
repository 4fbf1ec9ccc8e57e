"""What training and tuning hand back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from geoseg.pages.notebook import Shown

if TYPE_CHECKING:
    from geoseg.models.weights import Metadata
    from geoseg.train.handing import Handed

TOLD = {"gsd_m", "decoding", "tta", "tta_native", "calibration", "validation", "metrics"}
"""What tuning changes in a model file."""

F1Of = Literal["plain", "predict"]
"""Quick scores: of a plain decoding at fixed thresholds, to compare with each other alone. Or of the buildings as
``predict`` finds them, as ``tune`` and ``evaluate`` count."""


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
    """Place to F1 at IoU 0.5 in the end, on ground that was not learnt; empty where none was left out. ``f1_of``
    says what of."""
    f1_before: dict[str, float]
    """The same of the weights that the training started from."""
    handed: Handed | None
    """Which weights the model file holds, by how well they do on ground that was not learnt; None where no
    model was fine-tuned."""
    curves: Path | None
    """Picture of losses and scores by step; None where nothing was logged."""
    doubts: tuple[str, ...]
    """Why the training may not have helped, a sentence each."""

    @property
    def f1_of(self) -> F1Of:
        """What the figures in ``f1`` and ``f1_before`` are of."""
        return "predict" if self.handed is not None and self.handed.crossed else "plain"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "model": str(self.model),
            "step": self.step,
            "loss": None if math.isnan(self.loss) else self.loss,
            "f1": self.f1,
            "f1_before": self.f1_before,
            "f1_of": self.f1_of,
            "handed_out": None if self.handed is None else self.handed.as_dict(),
            "curves": None if self.curves is None else str(self.curves),
            "doubts": list(self.doubts),
        }


@dataclass(frozen=True, slots=True, repr=False)
class Tuning(Shown):
    """Thresholds and calibration, chosen on held-out scenes."""

    metadata: Metadata
    """What the model file says of itself now."""
    output: Path
    """The model file written."""
    html: Path | None
    """Its card as a page, where one was asked for."""
    doubts: tuple[str, ...]
    """Why what was chosen may not hold elsewhere, a sentence each."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        described: dict[str, Any] = self.metadata.model_dump(mode="json", include=TOLD)
        page = None if self.html is None else str(self.html)
        paths = {"output": str(self.output), "html": page}
        return paths | described | {"doubts": list(self.doubts)}
