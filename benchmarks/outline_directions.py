"""How well masks tell directions: what geoseg finds, what the best estimate would, and what none can.

    python benchmarks/outline_directions.py                 # towns that parameters are chosen on
    python benchmarks/outline_directions.py --labels FILE   # do neighbours stand parallel?

All but geoseg know the true walls, and look for the angle by which those of a lot are turned. *Pixels
alike* is least squares over all boundary pixels, which is what geoseg does once it
has found the walls. *Likeliest* knows the noise as well, its size and over how many pixels it hangs
together, and weighs by the inverse of its covariance: of all linear estimates the one with the least
variance. *Floor* is that variance, the bound of Cramer and Rao for noise that is normal. Errors are
mean absolute degrees of buildings with right angles, by the size of their masks.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from outline_limit import Edges, moved
from outline_losses import levers, turns, weigh_alike
from outlines import USUAL, to_frame, to_pixels
from regularize_score import Truth, angle_errors, direction, iou
from town import TownSpec, build_town
from town_kinds import CHOOSING, GENERATORS

from geoseg.redraw import regularize

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from outline_losses import Weigh

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Polygons = NDArray[np.object_]

STAIRS_PX2 = 1 / 12
"""Variance of pixels' edges about the wall that they stand for, beside the noise."""
SIZES_PX2 = (0, 900, 1600, 2500, 5000, np.inf)
"""Bounds of the sizes of masks that are told apart."""
MEAN_OF_NORMAL = float(np.sqrt(2 / np.pi))
"""Mean absolute value of what is normal with a standard deviation of 1."""
NEAR_M = 15.0
"""Neighbours stand no farther apart."""
LEAST_M2 = 40.0
"""Of smaller labels the direction is not looked at."""


def main() -> None:
    """Print the table, or that of the labels."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--houses", type=int, default=200, help="buildings of each generator")
    parser.add_argument("--labels", type=Path, help="polygons of a real town instead")
    asked = parser.parse_args()
    if asked.labels:
        tell_neighbours(gpd.read_file(asked.labels))
    else:
        tell_directions(USUAL, asked.houses)


def tell_directions(how: TownSpec, houses: int) -> None:
    """A row for each size, and what the estimates cost of the agreement with the truth."""
    towns = [build_town(replace(how, kinds=GENERATORS[name], houses=houses)) for name in CHOOSING]
    truth = Truth.of(towns, how.gsd_m)
    drawn = to_pixels(regularize(to_frame(truth, truth.gsd_m), gsd_m=truth.gsd_m), truth.gsd_m)
    estimates = {
        "pixels alike": Estimate.of(truth, weigh_alike),
        "likeliest": Estimate.of(truth, partial(weigh_by_noise, how=how)),
    }
    errors = {"geoseg": angle_errors(truth.outlines, drawn)}
    errors |= {name: np.degrees(np.abs(some.turn)) for name, some in estimates.items()}
    errors["floor"] = np.degrees(MEAN_OF_NORMAL * estimates["likeliest"].deviation)
    size, square = shapely.area(truth.raw), truth.right_angled
    print(f"{'square pixels':>16}{'buildings':>11}" + "".join(f"{name:>14}" for name in errors))
    for low, high in pairwise(SIZES_PX2):
        _print_row(f"{low:g} to {high:g}", square & (size >= low) & (size < high), errors)
    _print_row("all", square, errors)
    for name, some in estimates.items():
        lost = truth.limit - iou(truth.outlines, some.outlines)
        print(
            f"true walls, turned by {name}: {lost.mean():.4f} below the limit, {lost[square].mean():.4f} of those with right angles"
        )


def _print_row(name: str, mine: Bools, errors: dict[str, Floats]) -> None:
    if mine.any():
        figures = "".join(f"{values[mine].mean():14.2f}" for values in errors.values())
        print(f"{name:>16}{mine.sum():11d}{figures}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one finds who knows the true walls of a lot, but not how they run."""

    turn: Floats
    """(n,) by what angle the longest wall of each building is wrong, radians."""
    deviation: Floats
    """(n,) what an estimate of it is expected to err by, where the weights are those of the noise."""
    outlines: Polygons
    """(n,) true outlines, walls moved to their pixels and turned so."""

    @classmethod
    def of(cls, truth: Truth, weigh: Weigh) -> Estimate:
        """Of all lots."""
        out = cls(*np.zeros((2, len(truth.raw))), truth.outlines.copy())
        edges = [Edges.of(*pair) for pair in zip(truth.outlines, truth.raw, strict=True)]
        for number in np.unique(truth.lot):
            members = np.flatnonzero(truth.lot == number)
            lot = [edges[i] for i in members]
            once = zip(lot, _first_seen(lot), strict=True)
            found = turns(lot, [levers(one, one.inner & seen, weigh) for one, seen in once])
            for i, turn, inertia in zip(members, *found, strict=True):
                longest = int(edges[i].length.argmax())
                out.turn[i], out.deviation[i] = turn[longest], inertia[longest] ** -0.5
                out.outlines[i] = moved(truth.outlines[i], edges[i], turn)
        return out


def _first_seen(lot: list[Edges]) -> list[Bools]:
    """For each building (s,) False for pixels of walls that a building before it has as well."""
    known: set[tuple[float, float]] = set()
    out = []
    for one in lot:
        unit = one.unit[one.owner]
        left = np.column_stack([-unit[:, 1], unit[:, 0]])
        xy = one.start[one.owner] + one.along[:, None] * unit + one.across[:, None] * left
        mine = [tuple(place) for place in np.round(xy, 3).tolist()]
        out.append(np.array([place not in known for place in mine]))
        known.update(mine)
    return out


def weigh_by_noise(along: Floats, across: Floats, *, how: TownSpec) -> tuple[float, float]:
    """Generalised least squares of a line (Aitken 1936); the second sum is one over the variance."""
    apart = along[:, None] - along[None]
    covariance = how.jitter_px**2 * np.exp(-((apart / (2 * how.correlation_px)) ** 2))
    weights = np.linalg.inv(covariance + STAIRS_PX2 * np.eye(len(along)))
    total = weights.sum(axis=1)
    pull = weights @ (along - (total @ along) / total.sum())
    return float(pull @ across), float(pull @ along)


def tell_neighbours(labels: gpd.GeoDataFrame) -> None:
    """How far the directions of labels that stand near each other, but do not touch, differ."""
    outlines = np.array(labels.to_crs(labels.estimate_utm_crs()).geometry.array)
    plain = shapely.get_type_id(outlines) == shapely.GeometryType.POLYGON
    outlines = outlines[plain & (shapely.area(outlines) > LEAST_M2)]
    one, other = shapely.STRtree(outlines).query(outlines, predicate="dwithin", distance=NEAR_M)
    apart = (one < other) & (shapely.distance(outlines[one], outlines[other]) > 0)
    angle = np.array([direction(outline) for outline in outlines])
    turn = np.degrees(np.abs(np.angle(np.exp(4j * (angle[one] - angle[other])[apart])))) / 4
    quarters = ", ".join(f"{np.percentile(turn, share):.1f}" for share in (10, 25, 50, 75))
    print(f"{len(turn)} pairs of neighbours differ by {quarters} degrees (10, 25, 50, 75 %)")


if __name__ == "__main__":
    main()
