"""How sure to be of a building: the raw mean of body, or a calibrated probability.

Qualities come from whole numbers counted per building, and every building goes through the same
arithmetic by itself, so confidence does not depend on tiles, strips or jobs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from geoseg.models.traits import Traits
from geoseg.types import NO_BUILDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoseg.decode.families import BuildingNumbers, Odds
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.models.records import Calibration, LogOdds
    from geoseg.types import Cluster

CALIBRATED = (
    "calibrated: estimated probability that the building is real and its outline right with "
    "IoU >= 0.5, fitted on validation data"
)
INHERITED = (
    "estimated probability that the building is real and its outline right with IoU >= 0.5, fitted "
    "to the model that the training started from; geoseg tune fits it to this one"
)
_FEW, _QUARTER = 8, 24
"""Buildings that hang together: so few do not tell what is usual around them, so many tell it fully."""
_LEAST_USUAL_M2 = 20.0
"""Where buildings are usually smaller than this, they are taken to be usually so large."""

PRESENCE = "estimated probability that a building is there at all: that half of the outline or more lies on roofs"
UNKNOWN_PRESENCE = "unknown: the model does not tell"
RAW = "raw: mean body probability of the building's pixels, not calibrated"


@dataclass(frozen=True, slots=True)
class Qualities:
    """What can be told of buildings before they are drawn; arrays of one length."""

    mean_body: NDArray[np.float64]
    """Mean body probability of the building's pixels, 0..1: the raw confidence."""
    area_m2: NDArray[np.float64]
    """Area of its pixels by the grid's pixel size, square metres."""
    free_walls: NDArray[np.float64]
    """Share of its outline, in pixel edges, that no other building shares, 0..1."""
    usual_m2: NDArray[np.float64]
    """Usual size of the buildings that hang together with it, square metres; larger where they are few,
    infinite where they are very few or not all known."""

    def areas_as_among(self, huts_m2: float) -> NDArray[np.float64]:
        """(buildings,) areas as a calibration on places without huts takes them.

        A roof of 15 square metres is a hut among huts, and rarely a building among houses. So where
        many buildings hang together and are usually smaller than ``huts_m2``, areas count more: by what
        that is larger than is usual, cubed.
        """
        largest_m2 = max(huts_m2, _LEAST_USUAL_M2)
        smaller = largest_m2 / np.clip(self.usual_m2, _LEAST_USUAL_M2, largest_m2)
        # Not as a power, which may round otherwise in a batch of another length.
        return self.area_m2 * (smaller * smaller * smaller)

    @classmethod
    def of(cls, clusters: Sequence[Cluster], gsd_m: float) -> Qualities:
        """Of all buildings, cluster by cluster in the clusters' order."""
        instances = [instance for cluster in clusters for instance in cluster.instances]
        pixels = np.array([instance.pixels for instance in instances], np.int64)
        body_sum = np.array([instance.body_sum for instance in instances], np.int64)
        free = [free_walls(cluster) for cluster in clusters]
        usual = [usual_pixels(cluster) for cluster in clusters]
        return cls.of_numbers(
            pixels,
            body_sum,
            np.concatenate(free) if free else np.zeros(0),
            gsd_m,
            usual_pixels=np.concatenate(usual) if usual else np.zeros(0),
        )

    @classmethod
    def of_numbers(
        cls,
        pixels: NDArray[np.int64],
        body_sum: NDArray[np.int64],
        free_walls: NDArray[np.float64],
        gsd_m: float,
        *,
        usual_pixels: NDArray[np.float64] | None = None,
    ) -> Self:
        """Of buildings with so many pixels, whose quantised body sums to this.

        Without ``usual_pixels`` nothing is known of the buildings around.
        """
        area_m2 = (pixels * gsd_m**2).astype(np.float64)
        usual_m2 = np.full(len(pixels), np.inf)
        if usual_pixels is not None:
            usual_m2 = usual_pixels * gsd_m**2
        return cls(body_sum / (255 * pixels), area_m2, free_walls, usual_m2)


def usual_pixels(cluster: Cluster) -> NDArray[np.float64]:
    """(instances,) the usual size of the cluster's buildings, pixels; see Qualities.

    The geometric mean, each pixel counted, so that one building more or less moves it little. Where few
    hang together it is said to be larger, beyond all bounds towards _FEW: what areas count more by then
    grows from nothing.
    """
    pixels = np.sort(np.array([instance.pixels for instance in cluster.instances], np.int64))
    told = min((len(pixels) - _FEW) / (_QUARTER - _FEW), 1.0)
    if told <= 0:
        return np.full(len(pixels), np.inf)
    usual = math.exp(float((pixels * np.log(pixels)).sum()) / int(pixels.sum()))
    return np.full(len(pixels), usual / told ** (1 / 3))


def free_walls(cluster: Cluster) -> NDArray[np.float64]:
    """(instances,) share of each outline that faces no other building."""
    keys = np.array([instance.key for instance in cluster.instances], np.int64)
    if len(keys) == 1 and not cluster.loose:
        return np.ones(1)
    walls, free = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    sides = cluster.crack_before, cluster.crack_after
    for mine, other in (sides, sides[::-1]):
        place = np.minimum(np.searchsorted(keys, mine), len(keys) - 1)
        is_mine = keys[place] == mine
        walls += np.bincount(place[is_mine], minlength=len(keys))
        is_free = is_mine & (other == NO_BUILDING)
        free += np.bincount(place[is_free], minlength=len(keys))
    return free / walls


def probabilities(calibration: Calibration, qualities: Qualities) -> NDArray[np.float64]:
    """Probability of each building to be real with IoU >= 0.5."""
    return _told(calibration, qualities, calibration.huts_m2)


def presences(calibration: Calibration | None, qualities: Qualities) -> NDArray[np.float64]:
    """Probability of each to be a building at all; NaN where the calibration does not tell."""
    if calibration is None or calibration.presence is None:
        return np.full(len(qualities.mean_body), np.nan)
    return _told(calibration.presence, qualities, calibration.huts_m2)


def _told(odds: LogOdds, qualities: Qualities, huts_m2: float) -> NDArray[np.float64]:
    log_odds = np.full(len(qualities.mean_body), odds.intercept)
    areas_m2 = qualities.areas_as_among(huts_m2)
    for quality, curve in odds.curves.items():
        value = areas_m2 if quality == "area_m2" else getattr(qualities, quality)
        log_odds += np.interp(value, curve.at, curve.adds)
    # One by one: vectorised functions may round otherwise in a batch of another length.
    return np.array([(1 + math.tanh(value / 2)) / 2 for value in log_odds.tolist()])


@dataclass(frozen=True, slots=True)
class Rated:
    """How sure to be of buildings; arrays of one length."""

    confidence: NDArray[np.float64]
    """0..1, to be real and drawn right."""
    presence: NDArray[np.float64]
    """0..1, to be there at all; NaN where nobody knows."""
    keeps: NDArray[np.bool_]
    """True where a building is likely enough."""


@dataclass(frozen=True, slots=True)
class Rating:
    """Gives buildings their confidence and says which are too unlikely to keep."""

    calibration: Calibration | None = None
    """None: confidence is the raw mean of body."""
    min_confidence: float | None = None
    """Buildings with a lower confidence are dropped; None: as the calibration says."""

    @classmethod
    def of(cls, model: DenseModel | InstanceModel, min_confidence: float | None = None) -> Rating:
        """By the model's own calibration, where it has one."""
        return cls(Traits.of(model).calibration, min_confidence)

    @property
    def meaning(self) -> str:
        """What the numbers are, for the run's metadata."""
        if self.calibration is None:
            return RAW
        return INHERITED if self.calibration.inherited else CALIBRATED

    @property
    def meaning_of_presence(self) -> str:
        """The same of the presence."""
        known = self.calibration is not None and self.calibration.presence is not None
        return PRESENCE if known else UNKNOWN_PRESENCE

    @property
    def least(self) -> float:
        """Buildings with a lower confidence are dropped."""
        own = 0.0 if self.calibration is None else self.calibration.min_probability
        return own if self.min_confidence is None else self.min_confidence

    def odds(self, gsd_m: float) -> Odds | None:
        """Probabilities for the decoder, which must choose between buildings; None: uncalibrated.

        Neighbours that will be dropped still share walls then.
        """
        calibration = self.calibration
        if calibration is None:
            return None

        def odds(tally: BuildingNumbers) -> NDArray[np.float64]:
            free = tally.free / tally.walls
            numbers = Qualities.of_numbers(tally.pixels, tally.body_sum, free, gsd_m)
            return probabilities(calibration, numbers)

        return odds

    def rate(self, clusters: Sequence[Cluster], gsd_m: float) -> Rated:
        """All buildings, cluster by cluster in the clusters' order."""
        qualities, calibration = Qualities.of(clusters, gsd_m), self.calibration
        confidence = (
            qualities.mean_body if calibration is None else probabilities(calibration, qualities)
        )
        # What is drawn right is there: curves that were fitted apart may cross. NaN stays.
        presence = np.maximum(presences(calibration, qualities), confidence)
        return Rated(confidence, presence, self.keeps(confidence))

    def keeps(self, confidences: NDArray[np.float64]) -> NDArray[np.bool_]:
        """True where a building is likely enough."""
        return confidences >= self.least
