"""Houses that touch in a point or along a pixel or two stay straight, and so do small rounded ones."""

import numpy as np
import pytest
import shapely
import town
from numpy.typing import NDArray

from geoseg.shaping import RegularizeSettings, regularize_coverage, regularize_groups
from geoseg.shaping.arcs import build_arcs
from geoseg.shaping.corners import are_tiny
from geoseg.shaping.drawing import Drawing
from geoseg.shaping.walls import learn

SIDE_PX = 90


def house(angle_deg: float, y: float) -> shapely.Polygon:
    """The pixels of a house of 40 by 24 px about (45, y)."""
    row, col = np.mgrid[:SIDE_PX, :SIDE_PX] + 0.5
    angle, right, down = np.radians(angle_deg), col - 45, row - y
    along = np.cos(angle) * right + np.sin(angle) * down
    across = np.cos(angle) * down - np.sin(angle) * right
    return outline((np.abs(along) < 20) & (np.abs(across) < 12))


def outline(mask: NDArray[np.bool_]) -> shapely.Polygon:
    row, col = np.nonzero(mask)
    return shapely.union_all(shapely.box(col, row, col + 1, row + 1))


@pytest.mark.parametrize(
    ("angle", "turn", "apart"), [(10, 7, 27.5), (20, -5, 27.5), (25, -7, 28.5)]
)
def test_walls_that_touch_in_a_point_stay_straight(angle: float, turn: float, apart: float) -> None:
    pair = [house(angle, 32), house(angle + turn, 32 + apart)]
    assert shapely.intersection(*pair).geom_type == "Point"
    drawn, shapes = zip(*regularize_coverage(pair, settings=RegularizeSettings()), strict=True)
    assert shapes == ("regularized", "regularized")
    assert max(shapely.get_num_coordinates(drawn) - 1) <= 5  # one bends to the point
    assert shapely.coverage_is_valid(drawn)
    assert not shapely.intersection(*drawn).is_empty


def test_only_short_walls_between_nodes_are_tiny() -> None:
    left, right = shapely.box(0, 0, 20, 20), shapely.box(20, 0, 40, 20)
    for width, tiny in ((1, 1), (2, 1), (3, 0)):
        below = shapely.box(0, 20, 20 + width, 40)
        arcs = build_arcs(np.array([left, right, below], dtype=object), np.zeros(3, np.int64))
        assert are_tiny(arcs).sum() == tiny
    arcs = build_arcs(np.array([shapely.box(0, 0, 1, 1)], dtype=object), np.zeros(1, np.int64))
    assert not are_tiny(arcs).any()  # no nodes


@pytest.mark.thorough
def test_tiny_walls_lead_straight_from_node_to_node() -> None:
    seen = town.build_town(town.TownSpec(12, ("perimeter",), jitter_px=1.2, correlation_px=1.0))
    raw, settings = shapely.normalize(np.asarray(seen.raw)), RegularizeSettings()
    cut = learn(build_arcs(raw, seen.lot), seen.lot, settings)
    drawing = Drawing.begin(raw, seen.lot, cut, settings, faithful=False)
    sketch, _ = drawing.straight()
    tiny = are_tiny(drawing.given.arcs)
    assert tiny.sum() > 5
    assert (np.diff(sketch.first)[tiny] == 2).all()


@pytest.mark.thorough
def test_rounded_terraces_of_few_pixels_are_drawn_straight() -> None:
    shapes = []
    for seed in range(12):
        spec = town.TownSpec(
            20, ("terrace",), gsd_m=0.5, jitter_px=0.4, correlation_px=3.0, opened_px=3.0, seed=seed
        )
        seen = town.build_town(spec)
        shapes += regularize_groups(np.asarray(seen.raw), seen.lot, settings=RegularizeSettings())[
            1
        ]
    # Three of a hundred are where such outlines must keep to the noise that they show.
    assert np.mean(np.array(shapes) == "simplified") < 0.02
