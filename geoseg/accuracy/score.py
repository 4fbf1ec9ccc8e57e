"""One site scored: everything that the figures of a place are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.accuracy.matching import DIGITS
from geoseg.accuracy.options import Measure
from geoseg.accuracy.outcome import MOSTLY, Groups, Outcome, groups_of, judge
from geoseg.accuracy.pixels import PixelCounts, count_pixels
from geoseg.accuracy.precision import Ranked
from geoseg.accuracy.shapes import MatchedShapes, matched_shapes
from geoseg.accuracy.site import Site


@dataclass(frozen=True, slots=True)
class SiteScore:
    """What became of one site."""

    site: Site
    """The site."""
    outcome: Outcome
    """Of every building."""
    groups: Groups
    """Splits and merges."""
    shapes: MatchedShapes
    """The matched pairs."""
    pixels: PixelCounts
    """The pixel measures."""

    @property
    def area_true_m2(self) -> float:
        """Of the true buildings that count."""
        return _area(self.outcome.truth, self.outcome.truth_counts)

    @property
    def area_predicted_m2(self) -> float:
        """Of the predictions that count."""
        return _area(self.outcome.predicted, self.outcome.predicted_counts)

    @property
    def ranked(self) -> Ranked:
        """What AP needs."""
        found = self.outcome
        return Ranked(found.pairs, found.confidence, found.predicted_counts, found.truth_counts)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """(k,) of the predictions that count; NaN for those without."""
        given = self.site.confidence
        whole = self.outcome.confidence if given is None else given
        return whole[self.outcome.predicted_counts]

    @property
    def presence(self) -> NDArray[np.float64]:
        """(k,) probability of the same to be buildings at all; NaN where nobody knows."""
        given = self.site.presence
        whole = np.full(len(self.outcome.predicted), np.nan) if given is None else given
        return whole[self.outcome.predicted_counts]

    @property
    def stands(self) -> NDArray[np.bool_]:
        """(k,) True for those of them of which half or more lies on true buildings."""
        found, pairs = self.outcome, self.outcome.pairs
        shared = np.bincount(pairs.first, pairs.shared, minlength=len(found.predicted))
        area = shapely.area(found.predicted[found.predicted_counts])
        stands: NDArray[np.bool_] = (
            np.round(shared[found.predicted_counts] / area, DIGITS) >= MOSTLY
        )
        return stands

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(k,) True for true positives among them."""
        return self.outcome.matches.correct[self.outcome.predicted_counts]


def score_site(site: Site, measure: Measure) -> SiteScore:
    """Match the buildings of a site and measure everything."""
    outcome = judge(site, measure.min_area_m2)
    return SiteScore(
        site,
        outcome,
        groups_of(outcome),
        matched_shapes(outcome),
        count_pixels(site, measure.boundary_m),
    )


def _area(shapes: NDArray[np.object_], counts: NDArray[np.bool_]) -> float:
    return float(shapely.area(shapes[counts]).sum())
