"""Walls part where their lines cross, and are then fitted as noise that hangs together asks for."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
import town
from numpy.typing import NDArray
from regularize_score import iou

from geoseg.shaping import RegularizeSettings, drawing, regularize_groups
from geoseg.shaping.arcs import Arcs, build_arcs
from geoseg.shaping.cut import FreeCut, Walls
from geoseg.shaping.lines import fit_lines
from geoseg.shaping.prune import prune_walls
from geoseg.shaping.refit import REACH, refit
from geoseg.shaping.segment import ACROSS, ALONG
from geoseg.shaping.walls import cut_walls, learn

Floats = NDArray[np.float64]
WIDTH_PX = 3.0
KNOWN = RegularizeSettings(max_outward_px=4.0, correlation_px=WIDTH_PX, layer_noise_px=1.1)
SEEN = town.TownSpec(120, ("shed",), jitter_px=1.2, correlation_px=WIDTH_PX, seed=5)


def fitted() -> tuple[FreeCut, Arcs, Walls, Floats]:
    """Sheds, cut into walls, and the lines of these."""
    raw = np.asarray(town.build_town(SEEN).raw)
    free = learn(build_arcs(raw, np.arange(len(raw))), np.arange(len(raw)), KNOWN)
    arcs, walls = cut_walls(free, KNOWN)
    return free, arcs, *prune_walls(arcs, walls, 0.0)


def likeliest_offset(xy: Floats, line: Floats) -> float:
    """Of a line of known direction: generalised least squares where the correlation falls off exponentially."""
    along, across = xy @ line[:2], xy @ (-line[1], line[0])
    apart = np.abs(np.subtract.outer(along, along))
    weights = np.linalg.inv(np.exp(-apart / (REACH * WIDTH_PX)) + 1e-3 * np.eye(len(xy))).sum(
        axis=0
    )
    return float(weights @ across / weights.sum())


def test_lines_are_the_likeliest_of_noise_whose_correlation_falls_off_exponentially() -> None:
    _, arcs, walls, _ = fitted()
    off: dict[float, list[float]] = {0.0: [], REACH * WIDTH_PX: []}
    for reach, misses in off.items():
        lines, i = fit_lines(arcs, walls, reach), 0
        for line, kind, j in zip(lines, walls.kind, walls.end, strict=True):
            xy = 0.5 * (arcs.xy[i:j] + arcs.xy[i + 1 : j + 1])
            if kind in (ALONG, ACROSS):
                misses.append(abs(likeliest_offset(xy, line) - line[2]))
            i = j + 1 if j + 1 in arcs.first else j
    alike, likeliest = (float(np.median(misses)) for misses in off.values())
    assert likeliest < 0.5 * alike


def test_walls_part_at_corners_and_rings_begin_at_one() -> None:
    free, arcs, walls, lines = fitted()
    rings = [arcs.xy[i:j].copy() for i, j in pairwise(arcs.first)]
    before = walls.end.copy()
    walls, lines = refit(free, arcs, walls, lines, WIDTH_PX)
    assert np.any(before != walls.end)
    moved = 0
    for arc, (before, (i, j)) in enumerate(zip(rings, pairwise(arcs.first), strict=True)):
        ring, ends = arcs.xy[i:j], walls.end[walls.first[arc] : walls.first[arc + 1]]
        moved += not np.array_equal(before[0], ring[0])
        assert np.array_equal(ring[0], ring[-1])
        assert shapely.Polygon(ring).equals(shapely.Polygon(before))
        assert ends[-1] == j - 1
        assert np.all(np.diff(np.append(i, ends)) > 0)
        # The sums are those of the ring as it begins now.
        weight, x, y = walls.sums[j - 1, :3]
        centre = [x / weight, y / weight] + ring[0]
        assert np.allclose(centre, shapely.LineString(ring).centroid.coords[0], atol=1.0)
    assert moved > 10


def test_sheds_are_nearer_to_the_truth_where_the_noise_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = town.build_town(SEEN)
    raw, true = np.asarray(seen.raw), np.asarray(seen.truth)

    def agreement() -> tuple[float, float]:
        drawn, _ = regularize_groups(raw, np.arange(len(raw)), settings=KNOWN)
        found = iou(true, drawn)
        return float(found.mean()), float(np.percentile(found, 5))

    mean, low = agreement()
    monkeypatch.setattr(drawing, "refit", lambda _cut, _arcs, walls, lines, _width: (walls, lines))
    mean_before, low_before = agreement()
    assert mean > mean_before + 0.005
    assert low > low_before
