"""The knobs of regularisation, in pixels."""

from __future__ import annotations

from dataclasses import dataclass

from geoseg.errors import UsageError

MOST_OBLIQUE = 100.0
"""Walls aslant that are dearer still would never be drawn."""


@dataclass(frozen=True, slots=True)
class RegularizeSettings:
    """What counts as noise, and how far an outline may depart from the polygon it was drawn from.

    The defaults fit masks of a network whose outlines err by about one pixel.
    """

    noise_px: float = 1.5
    """Largest standard deviation of a raw outline about the true wall that is put down to noise.
    The noise of each group is estimated; details that a straight wall with such noise would show by
    chance are merged into the wall."""
    correlation_px: float | None = None
    """Width of the Gaussian that smooths the noise along a wall. The longer noise hangs together, the
    more it looks like walls, and the more a wall must explain. None: 1.5; ``geoseg.regularize`` learns
    it from the layer."""
    layer_noise_px: float | None = None
    """Standard deviation of the noise that is usual in the layer; the estimate of each group that shows
    some is drawn towards it, of small ones most. None: each group stands for itself;
    ``geoseg.regularize`` learns it together with ``correlation_px``."""
    oblique: float = 1.0
    """How much dearer walls are that run along none of their building's two directions; 1: as suits towns
    whose houses often have odd angles."""
    max_outward_px: float = 3.4
    """No point of an outline lies farther than this outside the raw polygons of its group. Groups
    that lie twice as far apart therefore never meet."""
    max_deviation_px: float = 9.0
    """Largest Hausdorff distance between a drawn and a raw outline; a single drawing goes two thirds of
    that at most, and the rest is for drawings of the drawing."""
    min_iou: float = 0.90
    """Smallest intersection over union of a drawn and a raw polygon; for buildings so small that
    noise alone costs more, as much as the noise costs. Drawings of drawings may cost twice as much."""
    max_area_change: float = 0.02
    """Largest relative change of area; the same exceptions."""
    simplify_px: float = 2.0
    """Tolerance for outlines that stay simplified, pixels (the square root of an area in
    Visvalingam's sense)."""

    def __post_init__(self) -> None:
        for name in ("noise_px", "max_outward_px", "max_deviation_px", "simplify_px"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} must be above 0 pixels, got {getattr(self, name)}")
        if self.correlation_px is not None and not self.correlation_px > 0:
            raise UsageError(f"correlation_px must be above 0 pixels, got {self.correlation_px}")
        if self.layer_noise_px is not None and not self.layer_noise_px > 0:
            raise UsageError(f"layer_noise_px must be above 0 pixels, got {self.layer_noise_px}")
        if not 1 <= self.oblique <= MOST_OBLIQUE:
            raise UsageError(
                f"--oblique (oblique) must be 1 to {MOST_OBLIQUE:g}, how many times as dear walls aslant are; got "
                f"{self.oblique}"
            )
        for name in ("min_iou", "max_area_change"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} must lie in 0..1, got {getattr(self, name)}")


PREDICTED = RegularizeSettings(oblique=3.0)
"""For what networks predict. They round corners and lean fronts, by more than noise would: with one price for all,
a quarter of the buildings had right angles alone where three quarters of the labels do
(``benchmarks/regularize_real.py``)."""
