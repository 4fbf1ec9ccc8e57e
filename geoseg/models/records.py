"""Parts of a model's metadata that say how sure to be of a building."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, model_validator

Quality = Literal["mean_body", "area_m2", "free_walls"]
"""What a probability can depend on; see :class:`geoseg.attributes.confidence.Qualities`."""


SURE = 0.5
"""Standard errors by which a gain on what was left out has to be more than nothing: with 1, much of what
half an hour of review can teach is lost, with 0 chance alone moves thresholds on a few plots more often."""
_HUTS = 0.625
"""The same houses seem a third smaller or larger, as two blocks hang together in one file and not in another.
Huts are smaller than that."""


class Record(BaseModel):
    """Data in a model file: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Curve(Record):
    """A piecewise linear function, constant beyond its ends."""

    at: tuple[float, ...] = Field(min_length=1)
    """Rising values of a quality."""
    adds: tuple[float, ...]
    """What each of them adds to the log odds."""

    @model_validator(mode="after")
    def _has_a_value_at_each_knot(self) -> Self:
        if len(self.at) != len(self.adds):
            raise ValueError(f"{len(self.at)} knots cannot have {len(self.adds)} values")
        if not all(low < high for low, high in pairwise(self.at)):
            raise ValueError(f"the knots must rise, got {self.at}")
        return self


class LogOdds(Record):
    """Qualities of a building to a probability: its log odds are the intercept and what every curve adds."""

    intercept: float
    """Log odds where all curves are zero."""
    curves: dict[Quality, Curve]
    """One for every quality that counts."""


class Calibration(LogOdds):
    """Turns qualities of a building into the probability that it is real with IoU >= 0.5."""

    presence: LogOdds | None = None
    """The same for the probability that a building is there at all, whatever its outline; None: nobody knows."""
    inherited: bool = False
    """Fitted to the weights that a training started from, not to those beside it."""
    house_m2: NonNegativeFloat = 0.0
    """The smallest usual size of buildings where it was fitted: where they are usually much smaller, areas
    count more (:meth:`geoseg.attributes.confidence.Qualities.areas_as_among`). 0: they never do."""
    min_probability: float = Field(default=0.0, ge=0, le=1)
    """Buildings with a lower probability are dropped as ``unlikely``."""

    @property
    def huts_m2(self) -> float:
        """Where buildings are usually smaller than this, they are huts."""
        return _HUTS * self.house_m2


class Validation(Record):
    """How thresholds and calibration were chosen, and how well they do.

    Errors of probabilities are those on places (or scenes) that a calibration did not see.
    """

    place_weights: dict[str, NonNegativeFloat]
    """Weight of every place in the means; places of weight 0 are only reported."""
    max_area_bias: NonNegativeFloat
    """What the mean of the places' absolute biases in total area was to stay below."""
    draws: int = Field(default=1, ge=1)
    """How often every scene was taken, moved below the network's lattice; 1: once, as it is."""
    f1: float
    """Weighted mean of the places' F1 at IoU 0.5."""
    area_bias: float
    """Weighted mean of the places' absolute biases in total area."""
    bias_error: NonNegativeFloat = 0.0
    """Its standard error, by leaving out pieces of ground; the limit was wider by it."""
    kept: bool = False
    """The model's own thresholds, calibration and least probability stayed: others were not surely better."""
    pieces: NonNegativeInt = 0
    """Pieces of known ground, such as checked plots, that were left out in turn to tell."""
    gain: float | None = None
    """F1 that choosing on all other pieces brought on each piece; None: not asked."""
    gain_error: float | None = None
    """Its standard error."""
    folds: Literal["places", "scenes", "none"]
    """What was left out in turn; none: too little to calibrate."""
    buildings: NonNegativeInt = 0
    """Predicted buildings that the calibration was fitted on."""
    ece_raw: float | None = None
    """Expected calibration error (10 bins) of the raw mean of body."""
    ece: float | None = None
    """The same of the calibrated probability."""
    brier_raw: float | None = None
    """Mean squared error of the raw mean of body as a probability."""
    brier: float | None = None
    """The same of the calibrated probability."""

    @property
    def surely_more(self) -> bool:
        """Whether others found surely more on what was left out; if they stayed away, then for total areas."""
        return (self.gain or 0.0) > SURE * (self.gain_error or 0.0)
