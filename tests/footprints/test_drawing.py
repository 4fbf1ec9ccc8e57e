from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from clusters import cluster_of, loose_pieces
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.ndimage import label
from shapely import Polygon
from shapely.affinity import rotate, translate
from tries import first, tries

from geoseg.footprints import DrawnCluster, FootprintSettings, draw, draw_all
from geoseg.footprints.arcs import CrackArcs, _numbered, trace
from geoseg.footprints.rings import assemble, polygons
from geoseg.footprints.simplify import smooth, thin
from geoseg.types import NO_BUILDING, Shape

Labels = NDArray[np.int64]

RAW = FootprintSettings(shape="raw", min_hole_px=0)
SIMPLE = FootprintSettings(shape="simplified", min_hole_px=0)


@st.composite
def label_arrays(draw_value: st.DrawFn) -> Labels:
    """Noise, in blocks of 1 to 3 pixels, with at least one building."""
    size = st.integers(1, 9)
    cells = draw_value(
        arrays(np.int64, (draw_value(size), draw_value(size)), elements=st.integers(-1, 2))
    )
    cells[0, 0] = 0
    side = draw_value(st.integers(1, 3))
    return np.where(cells < 0, NO_BUILDING, cells * 100).repeat(side, 0).repeat(side, 1)


def main_parts(labels: Labels) -> dict[int, int]:
    """Pixels of the largest 4-connected part by key."""
    sizes = {}
    for key in np.unique(labels[labels != NO_BUILDING]):
        parts, _ = label(labels == key)
        sizes[int(key)] = int(np.bincount(parts.ravel())[1:].max())
    return sizes


def outlines(drawn: DrawnCluster) -> NDArray[np.object_]:
    return np.array([footprint.polygon for footprint in drawn.footprints], dtype=object)


def assert_clean(polygons: NDArray[np.object_]) -> None:
    assert (shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON).all()
    assert shapely.is_valid(polygons).all()
    assert shapely.coverage_is_valid(polygons)
    assert shapely.union_all(polygons).area == pytest.approx(shapely.area(polygons).sum())


def edges(polygons: NDArray[np.object_]) -> dict[tuple, int]:
    """How many polygons use each edge."""
    count: dict[tuple, int] = {}
    for ring in shapely.get_rings(polygons):
        xy = [tuple(point) for point in shapely.get_coordinates(ring)]
        for edge in pairwise(xy):
            undirected = tuple(sorted(edge))
            count[undirected] = count.get(undirected, 0) + 1
    return count


@tries(80)
@given(label_arrays())
def test_raw_outlines_hold_exactly_the_pixels_of_the_largest_part(labels: Labels) -> None:
    drawn = draw(cluster_of(labels), RAW)
    assert_clean(outlines(drawn))
    rows, cols = np.indices(labels.shape)
    sizes = main_parts(labels)
    for footprint in drawn.footprints:
        inside = shapely.contains_xy(footprint.polygon, cols + 0.5, rows + 0.5)
        assert (labels[inside] == footprint.key).all()
        assert inside.sum() == footprint.polygon.area == sizes[footprint.key]
    parts = sum(label(labels == key)[1] for key in sizes)
    assert drawn.dropped.get("detached_parts", 0) == parts - len(sizes)


@tries(80)
@given(label_arrays())
def test_simplified_outlines_are_clean_and_stay_close(labels: Labels) -> None:
    cluster = cluster_of(labels)
    drawn = draw(cluster, SIMPLE)
    assert_clean(outlines(drawn))
    assert {footprint.shape for footprint in drawn.footprints} == {"simplified"}
    for simple, raw in zip(outlines(drawn), outlines(draw(cluster, RAW)), strict=True):
        assert shapely.hausdorff_distance(simple, raw) < 1.5


@tries(60)
@given(label_arrays())
def test_loose_pieces_agree_on_their_walls(labels: Labels) -> None:
    cluster = cluster_of(labels)
    pieces = np.concatenate([outlines(draw(piece, SIMPLE)) for piece in loose_pieces(cluster)])
    assert_clean(pieces)
    arcs = trace([cluster])
    whole = thin(smooth(arcs), SIMPLE.tolerance_px)
    assert (pieces == polygons(whole, assemble([cluster], arcs, min_hole_px=0).rings)).all()


@tries(30)
@given(label_arrays(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_outlines_move_with_the_labels(labels: Labels, row_off: int, col_off: int) -> None:
    there = outlines(draw(cluster_of(labels, row_off=row_off, col_off=col_off), SIMPLE))
    here = outlines(draw(cluster_of(labels), SIMPLE))
    moved = shapely.transform(here, lambda xy: xy + np.array([col_off, row_off]))
    assert (there == moved).all()


@tries(30)
@given(label_arrays())
def test_walls_between_neighbours_coincide_vertex_for_vertex(labels: Labels) -> None:
    drawn = outlines(draw(cluster_of(labels), SIMPLE))
    shared = [edge for edge, count in edges(drawn).items() if count == 2]
    length = sum(np.hypot(*np.subtract(a, b)) for a, b in shared)
    perimeter = shapely.length(drawn).sum() - shapely.union_all(drawn).length
    assert length == pytest.approx(perimeter / 2)


@pytest.mark.parametrize("shape", ["raw", "simplified"])
def test_an_upright_square_has_five_coordinates(shape: Shape) -> None:
    (footprint,) = draw(
        cluster_of(np.full((9, 9), 5), row_off=3, col_off=4), FootprintSettings(shape=shape)
    ).footprints
    assert footprint.polygon.equals(shapely.box(4, 3, 13, 12))
    assert shapely.get_num_coordinates(footprint.polygon) == 5


def test_a_pixel_is_a_square() -> None:
    (footprint,) = draw(cluster_of(np.array([[5]])), SIMPLE).footprints
    assert footprint.polygon.equals(shapely.box(0, 0, 1, 1))


def courtyard(side: int) -> Labels:
    labels = np.full((side + 6, side + 6), 7, np.int64)
    labels[3 : 3 + side, 3 : 3 + side] = NO_BUILDING
    return labels


def test_courtyards_stay_and_small_holes_are_filled() -> None:
    kept = draw(cluster_of(courtyard(4)), FootprintSettings(shape="raw", min_hole_px=16))
    filled = draw(cluster_of(courtyard(4)), FootprintSettings(shape="raw", min_hole_px=17))
    assert len(kept.footprints[0].polygon.interiors) == 1
    assert len(filled.footprints[0].polygon.interiors) == 0


@pytest.mark.parametrize("size", [1, 2])
def test_a_hole_with_a_building_in_it_is_kept(size: int) -> None:
    labels = courtyard(4)
    labels[4 : 4 + size, 4 : 4 + size] = 9
    drawn = draw(cluster_of(labels), FootprintSettings(shape="raw", min_hole_px=100))
    assert drawn.dropped == {}
    assert_clean(outlines(drawn))


def test_a_building_that_meets_itself_at_a_corner_has_a_hole_that_touches_its_shell() -> None:
    labels = np.full((4, 4), 7, np.int64)
    labels[1, 1] = labels[0, 0] = NO_BUILDING
    (footprint,) = draw(cluster_of(labels), RAW).footprints
    assert len(footprint.polygon.interiors) == 1
    assert footprint.polygon.is_valid


def test_confidence_is_the_mean_probability() -> None:
    (footprint,) = draw(cluster_of(np.full((2, 2), 5)), RAW).footprints
    assert footprint.confidence == pytest.approx(200 / 255)


def turned_rectangles(count: int) -> list[tuple[Polygon, Labels]]:
    rng = np.random.default_rng(0)
    rows, cols = np.indices((64, 64))
    made = []
    for _ in range(count):
        length, width = rng.uniform(20, 45), rng.uniform(12, 30)
        upright = shapely.box(-length / 2, -width / 2, length / 2, width / 2)
        truth = translate(rotate(upright, rng.uniform(0, 90)), *rng.uniform(31.5, 32.5, 2))
        inside = shapely.contains_xy(truth, cols + 0.5, rows + 0.5)
        made.append((truth, np.where(inside, 3, NO_BUILDING)))
    return made


def test_simplified_rectangles_lie_closer_to_the_truth_than_their_pixels() -> None:
    rectangles = turned_rectangles(40)
    truth = np.array([polygon for polygon, _ in rectangles])

    def drawn(how: FootprintSettings) -> NDArray[np.object_]:
        clusters = [cluster_of(labels) for _, labels in rectangles]
        return np.concatenate([outlines(one) for one in draw_all(clusters, how)])

    def iou(shapes: NDArray[np.object_]) -> float:
        common = shapely.area(shapely.intersection(shapes, truth))
        return float((common / shapely.area(shapely.union(shapes, truth))).mean())

    raw, simple = drawn(RAW), drawn(SIMPLE)
    assert 1 - iou(simple) < 0.5 * (1 - iou(raw))
    assert shapely.area(simple).sum() == pytest.approx(shapely.area(raw).sum(), rel=0.001)
    assert shapely.get_num_coordinates(simple).mean() < 7


@tries(30)
@given(label_arrays())
def test_slopes_in_place_of_staircases_stay_apart(labels: Labels) -> None:
    arcs = smooth(trace([cluster_of(labels)]))
    edges = np.concatenate(
        [np.stack([path[:-1], path[1:]], axis=1) for path in np.split(arcs.xy, arcs.offset[1:-1])]
    )
    lines = shapely.linestrings(edges)
    one, other = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=0.44)
    together = (edges[one][:, :, None] == edges[other][:, None]).all(axis=-1).any(axis=(1, 2))
    assert together.all()


def town(seed: int) -> Labels:
    """Blocks of touching houses with ragged walls, a few of them with a courtyard."""
    rng = np.random.default_rng(seed)
    labels = np.full((60, 90), NO_BUILDING, np.int64)
    for key in range(8):
        row, col = rng.integers(4, 40), rng.integers(4, 65)
        labels[row : row + rng.integers(8, 18), col : col + rng.integers(8, 20)] = key
        labels[row + 3 : row + 3 + rng.integers(0, 6), col + 3 : col + 7] = NO_BUILDING
    ragged = rng.integers(-1, 2, (2, *labels.shape)) * (rng.random(labels.shape) < 0.2)
    rows, cols = np.indices(labels.shape)
    return labels[np.clip(rows + ragged[0], 0, 59), np.clip(cols + ragged[1], 0, 89)]


@pytest.mark.parametrize("seed", first(2, [15, *range(8), 27, 52]))
def test_straight_walls_are_clean_too(seed: int) -> None:
    drawn = draw(cluster_of(town(seed)), FootprintSettings())
    assert_clean(outlines(drawn))
    assert {footprint.shape for footprint in drawn.footprints} <= {"regularized", "simplified"}


def test_clusters_do_not_influence_each_other() -> None:
    clusters = [cluster_of(town(seed), col_off=200 * seed) for seed in range(4)]
    clusters += loose_pieces(cluster_of(town(9), row_off=200))
    together = draw_all(clusters, FootprintSettings())
    assert together == [draw(cluster, FootprintSettings()) for cluster in clusters]


def test_shapes_that_clash_are_drawn_in_the_next_simpler_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def overlapping(raw: NDArray[np.object_], *_: object, **__: object) -> tuple:
        return shapely.buffer(raw, 1), ["regularized"] * len(raw)

    cluster = cluster_of(town(1))
    simple = draw(cluster, FootprintSettings(shape="simplified"))
    monkeypatch.setattr("geoseg.footprints.drawing.regularize_groups", overlapping)
    assert draw(cluster, FootprintSettings()) == simple
    monkeypatch.setattr("geoseg.footprints.drawing.thin", lambda arcs, *_, **__: collapsed(arcs))
    assert draw(cluster, FootprintSettings()) == draw(cluster, FootprintSettings(shape="raw"))


def collapsed(arcs: CrackArcs) -> CrackArcs:
    """Every arc cut down to its first and last vertex."""
    ends = np.sort(np.concatenate([arcs.offset[:-1], arcs.offset[1:] - 1]))
    return replace(arcs, xy=arcs.xy[ends], offset=np.arange(0, len(ends) + 1, 2))


@pytest.mark.parametrize("apart", [1, 1000])
def test_points_are_numbered_in_raster_order_however_far_apart_they_lie(apart: int) -> None:
    codes = apart * np.random.default_rng(0).integers(0, 50, 80)
    points, number = _numbered(codes)
    assert points.tolist() == sorted(set(codes.tolist()))
    assert (points[number] == codes).all()
