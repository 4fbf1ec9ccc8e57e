"""What a loop keeps of coverages on a lattice is what GEOS keeps, vertex for vertex."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from tries import tries

from geoseg.shaping import kept
from geoseg.shaping.arcs import build_arcs
from geoseg.shaping.kept import simplified_vertices
from geoseg.shaping.thinning import FARTHEST_PX, MOST_VERTICES, PER_PX, can_thin

Polygons = NDArray[np.object_]


def patches(seed: int, side: int, kinds: int, jitter_px: float) -> Polygons:
    """A coverage of patches of pixels, some of them nothing, whose corners are moved on the lattice."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, kinds + 1, (side, side))
    found = []
    for kind in range(1, kinds + 1):
        parts, count = ndimage.label(labels == kind)
        for part in range(1, count + 1):
            row, col = np.nonzero(parts == part)
            pixels = shapely.box(col, row, col + 1, row + 1)
            found.append(shapely.coverage_union_all(pixels))
    moved = rng.uniform(-jitter_px, jitter_px, (side + 1, side + 1, 2)) * (rng.random() < 0.7)
    moved = np.rint(moved * PER_PX) / PER_PX

    def place(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        col, row = xy.astype(int).T
        return xy + moved[row, col]

    polygons = shapely.get_parts(np.array(found, dtype=object))
    return np.asarray(shapely.normalize(shapely.transform(polygons, place)))


def both(
    polygons: Polygons, group: NDArray[np.int64], tolerance_px: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Vertices kept by the loop and by GEOS, of closed arcs that were rotated as cutting does."""
    arcs = build_arcs(polygons, group)
    for arc in np.flatnonzero(arcs.node_from < 0).tolist():
        start, stop = arcs.first[arc], arcs.first[arc + 1] - 1
        arcs.xy[start:stop] = np.roll(arcs.xy[start:stop], 7 * arc, axis=0)
        arcs.xy[stop] = arcs.xy[start]
    bounds = np.append(np.flatnonzero(np.diff(group, prepend=-1)), len(group)).tolist()
    groups = [slice(*pair) for pair in pairwise(bounds)]
    assert can_thin(polygons, arcs)
    thinned = simplified_vertices(polygons, arcs, groups, tolerance_px)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "can_thin", lambda *_: False)
        return thinned, simplified_vertices(polygons, arcs, groups, tolerance_px)


@tries(60)
@given(
    st.integers(0, 10**6),
    st.integers(1, 16),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.1, 0.24]),
    st.sampled_from([0.1, 0.5, 0.7, 1.0, 1.5, 3.0]),
)
def test_the_loop_keeps_what_geos_keeps(
    seed: int, side: int, kinds: int, jitter_px: float, tolerance_px: float
) -> None:
    some = [patches(seed + k, side, kinds, jitter_px) for k in range(2)]
    polygons = np.concatenate(some)
    group = np.repeat(np.arange(2), [len(one) for one in some])
    if len(polygons) == 0 or not all(
        shapely.is_valid(one).all() and shapely.coverage_is_valid(one) for one in some
    ):
        return
    thinned, asked = both(polygons, group, tolerance_px)
    np.testing.assert_array_equal(thinned, asked)


def circle(vertices: int, radius_px: float) -> Polygons:
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    xy = np.rint(radius_px * np.column_stack([np.cos(angle), np.sin(angle)]) * PER_PX) / PER_PX
    return np.asarray(shapely.normalize([shapely.Polygon(xy)]))


def test_long_arcs_far_ones_and_those_off_the_lattice_are_left_to_geos() -> None:
    alone = np.zeros(1, np.int64)
    near, long = circle(60, 20.0), circle(MOST_VERTICES + 1, 900.0)
    far = np.asarray(shapely.transform(near, lambda xy: xy + FARTHEST_PX))
    off = np.asarray(shapely.transform(near, lambda xy: xy + 0.3 / PER_PX))
    twice = shapely.polygons([[(0, 0), (9, 0), (9, 0), (9, 9), (0, 0)]])
    told = [can_thin(one, build_arcs(one, alone)) for one in (near, long, far, off, twice)]
    assert told == [True, False, False, False, False]
