"""What did not change since the last look is not looked at again, and shows the same."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geoseg.shaping.arrays import Ints, Polygons
from geoseg.shaping.drawing import Drawing, _Kept
from geoseg.shaping.settings import RegularizeSettings


def ragged_row() -> Polygons:
    """Houses that share ragged walls, one with a courtyard, and a round one; two groups."""
    rng = np.random.default_rng(3)
    cells = np.zeros((34, 80), np.int64)
    for number, left in enumerate((0, 14, 29, 44)):
        for row in range(4, 30):
            begin, end = left + 4 + rng.integers(-1, 2, 2)
            cells[row, begin : end + 15] = number + 1
    cells[14:20, 8:12] = 0
    out = [
        shapely.union_all(
            [shapely.box(x, y, x + 1, y + 1) for y, x in np.argwhere(cells == number)]
        )
        for number in range(1, 5)
    ]
    largest = [max(shapely.get_parts(one), key=shapely.area) for one in out]
    return np.array([*largest, shapely.Point(15, 15).buffer(12)], dtype=object)


RAW = shapely.normalize(ragged_row())
GROUP: Ints = np.array([0, 0, 0, 0, 1])


@pytest.mark.parametrize("seed", range(4))
def test_a_later_look_is_as_good_as_the_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawing = Drawing.begin(RAW, GROUP, RegularizeSettings(min_iou=0.97), faithful=True)
    kept = _Kept.of(drawing.arcs, drawing._simplified_vertices())
    strikes = np.zeros(len(RAW), dtype=np.int64)
    look, _ = drawing.draw(strikes, kept)
    for _ in range(4):
        strikes = strikes + (rng.random(len(RAW)) < 0.3)
        look, refused = drawing.draw(strikes, kept, look, np.ones(len(RAW), dtype=bool))
        whole, as_refused = drawing.draw(strikes, kept)
        assert shapely.to_wkb(look.polygons).tolist() == shapely.to_wkb(whole.polygons).tolist()
        np.testing.assert_array_equal(look.bad, whole.bad)
        np.testing.assert_array_equal(refused, as_refused)
        for name in ("farthest", "band", "strays"):
            one, other = getattr(look.departure, name), getattr(whole.departure, name)
            np.testing.assert_array_equal(one, other)
