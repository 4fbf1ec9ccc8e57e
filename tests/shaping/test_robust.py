"""What regularisation must withstand, and the symmetries that it must have."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
import town
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import affinity
from shapely.affinity import rotate
from shapely.geometry import MultiPolygon, Polygon, box
from tries import tries

from geoseg.errors import UsageError
from geoseg.redraw import regularize
from geoseg.shaping import RegularizeSettings, regularize_coverage, regularize_groups
from geoseg.shaping.arcs import OUTSIDE, build_arcs
from geoseg.shaping.assemble import assemble
from geoseg.shaping.near import near_boxes, near_groups
from geoseg.shaping.pairs import number_pairs
from geoseg.shaping.simple import are_valid

SETTINGS = RegularizeSettings(max_outward_px=4.0)
UTM = "EPSG:32633"
TOWN = town.build_town(town.TownSpec(25, town.RECTILINEAR, seed=11))
RAW = np.asarray(TOWN.raw)


def redraw(polygons: NDArray[np.object_], lot: NDArray[np.int64]) -> NDArray[np.object_]:
    return regularize_groups(polygons, lot, settings=SETTINGS)[0]


def apart(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.float64]:
    return np.asarray(shapely.hausdorff_distance(one, other))


def frame(*shapes: object, crs: str = UTM) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=crs)


@pytest.mark.parametrize("degrees", [90, 37.3])
def test_turning_the_input_turns_the_output(degrees: float) -> None:
    def turned(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
        return np.array([rotate(polygon, degrees, origin=(0, 0)) for polygon in polygons])

    alone = np.bincount(TOWN.lot)[TOWN.lot] == 1
    raw, lot = RAW[alone], TOWN.lot[alone]
    assert apart(turned(redraw(raw, lot)), redraw(turned(raw), lot)).max() < 0.01


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.thorough) for n in (2, 7))]
)
def test_a_second_pass_moves_no_vertex_by_a_tenth_of_a_pixel(seed: int) -> None:
    lots = town.build_town(town.TownSpec(100, town.RECTILINEAR, seed=seed))
    once = redraw(np.asarray(lots.raw), lots.lot)
    twice = redraw(once, lots.lot)
    assert apart(once, twice).max() < 0.1


@pytest.mark.parametrize("kind", ["trapezoid", "bay", "octagon", "curved", "circle"])
def test_nor_does_it_where_walls_are_oblique(kind: str) -> None:
    lots = town.build_town(town.TownSpec(12, (kind,), seed=3))
    once = redraw(np.asarray(lots.raw), lots.lot)
    assert apart(once, redraw(once, lots.lot)).max() < 0.1


def test_a_tighter_limit_is_kept_by_all_that_are_drawn_straight() -> None:
    tight = RegularizeSettings(max_outward_px=4.0, max_deviation_px=3.75)
    drawn, shapes = regularize_groups(RAW, TOWN.lot, settings=tight)
    straight = np.asarray(shapes) == "regularized"
    assert 0 < straight.sum() < len(RAW)
    away = apart(shapely.boundary(RAW[straight]), shapely.boundary(drawn[straight]))
    assert away.max() < tight.max_deviation_px + 0.5  # measured at the middles of pixel edges


def test_arcs_put_together_again_are_the_polygons_they_came_from() -> None:
    arcs = build_arcs(RAW, TOWN.lot)
    again = assemble(arcs, arcs.xy, arcs.first, np.arange(len(RAW)))
    assert shapely.equals(again, RAW).all()
    walls = (
        shapely.length(shapely.boundary(RAW)).sum()
        - shapely.length(
            np.array(
                [shapely.union_all(RAW[TOWN.lot == lot]).boundary for lot in np.unique(TOWN.lot)]
            )
        ).sum()
    )
    steps = np.hypot(*np.diff(arcs.xy, axis=0).T)
    steps[arcs.first[1:-1] - 1] = 0  # from one arc to the next
    length = np.add.reduceat(steps, arcs.first[:-1])
    assert 2 * length[arcs.far != OUTSIDE].sum() == pytest.approx(walls)


@tries(30)
@given(arrays(np.int64, st.tuples(st.integers(1, 40), st.just(2)), elements=st.integers(-2, 3)))
def test_equal_pairs_have_equal_numbers(pairs: NDArray[np.int64]) -> None:
    number, place = number_pairs(pairs[:, 0].copy(), pairs[:, 1].copy())
    assert (pairs[place[number]] == pairs).all()
    assert len(place) == len(np.unique(pairs, axis=0))
    assert (np.diff(place) > 0).all()


corners = st.tuples(st.integers(0, 4), st.integers(0, 4))


@tries(300)
@given(st.lists(corners, min_size=3, max_size=14), st.sampled_from([1.0, 0.3]))
def test_the_quick_look_finds_valid_what_is_valid(
    ring: list[tuple[int, int]], scale: float
) -> None:
    polygons = np.asarray([Polygon(scale * np.array(ring, dtype=float)), RAW[0]])
    assert are_valid(polygons).tolist() == shapely.is_valid(polygons).tolist()


holes = st.tuples(corners, corners).map(lambda ends: box(*np.ravel(ends) * 2.0 - 1.0))


@tries(300)
@given(st.lists(holes, min_size=1, max_size=3), st.sampled_from([1.0, 0.3]))
def test_it_does_so_with_holes_in_any_place(rings: list[Polygon], scale: float) -> None:
    shell = Polygon([(0, 0), (6, 0), (6, 6), (3, 3), (0, 6)])
    pierced = Polygon(shell.exterior, [hole.exterior for hole in rings])
    polygons = np.asarray([affinity.scale(pierced, scale, scale, origin=(0, 0)), RAW[0]])
    assert are_valid(polygons).tolist() == shapely.is_valid(polygons).tolist()


def test_courtyards_are_found_valid_without_the_full_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yards = np.asarray(town.build_town(town.TownSpec(4, ("courtyard",), seed=1)).raw)
    checked: list[int] = []
    monkeypatch.setattr("shapely.is_valid", lambda some: checked.append(len(some)) or [])
    assert are_valid(yards).all()
    assert checked == [0]


spots = st.tuples(st.integers(0, 30), st.integers(0, 30))


@tries(100)
@given(st.lists(spots, min_size=1, max_size=12), st.sampled_from([1, 5]))
def test_groups_are_the_components_of_near_polygons(
    places: list[tuple[int, int]], stretch: int
) -> None:
    shapes = np.asarray([box(x, y * stretch, x + 3, y * stretch + 2) for x, y in places])
    one, other = np.nonzero(shapely.distance(shapes[:, None], shapes) <= 2.0)
    links = coo_array((np.ones(len(one)), (one, other)), shape=(len(shapes),) * 2)
    expected = connected_components(links, directed=False)[1]
    assert near_groups(shapes, 2.0).tolist() == expected.tolist()


def test_polygons_are_near_by_their_outlines_not_their_boxes() -> None:
    corner = Polygon([(0, 0), (9, 0), (9, 1), (1, 1), (1, 9), (0, 9)])
    shapes = np.asarray([corner, box(4, 4, 5, 5), box(9.4, 0, 12, 1), box(9.6, 5, 12, 6)])
    one, other = near_boxes(shapes, 0.5)
    assert (one.tolist(), other.tolist()) == ([0, 0], [1, 2])
    assert near_groups(shapes, 0.5).tolist() == [0, 1, 0, 2]


def test_a_ring_of_a_hundred_thousand_vertices_is_drawn() -> None:
    rng = np.random.default_rng(5)
    angle = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    radius = 1500 + 0.02 * rng.standard_normal(len(angle))
    ring = Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))
    ((drawn, shape),) = regularize_coverage([ring], settings=SETTINGS)
    assert shape in {"circle", "regularized"}
    assert drawn.area == pytest.approx(ring.area, rel=0.01)


@pytest.mark.parametrize(
    "ring",
    [
        pytest.param([(0, 0), (40, 0), (40, 40), (20, 0), (0, 40)], id="touches its own wall"),
        pytest.param(
            [(0, 0), (20, 0), (20, 20), (40, 20), (40, 40), (20, 40), (20, 20), (0, 20)],
            id="touches itself at a corner",
        ),
        pytest.param([(0, 0), (30, 0), (30, 30), (60, 30), (30, 30), (0, 30)], id="has a spike"),
        pytest.param([(0, 0), (30, 0), (30, 0), (30, 30), (0, 30), (0, 30)], id="repeats vertices"),
    ],
)
def test_rings_that_touch_themselves_lose_no_area(ring: list[tuple[float, float]]) -> None:
    expected = shapely.make_valid(Polygon(ring), method="structure", keep_collapsed=False).area
    (drawn,) = regularize(frame(Polygon(ring)), gsd_m=1.0).geometry
    assert drawn.is_valid
    assert drawn.area == pytest.approx(expected, rel=0.05)


def test_a_hole_that_touches_the_shell_stays_open() -> None:
    hole = [(0, 20), (10, 10), (20, 20), (10, 30)]
    (drawn,) = regularize(frame(Polygon(box(0, 0, 60, 40).exterior, [hole])), gsd_m=1.0).geometry
    assert drawn.is_valid
    assert drawn.area == pytest.approx(2400 - 200, rel=0.05)


def test_parts_of_one_row_stay_apart_and_in_their_row() -> None:
    two = MultiPolygon([box(0, 0, 30, 20), box(200, 0, 230, 20)])
    drawn = regularize(frame(box(31, 0, 60, 20), two), gsd_m=1.0)
    assert [shape.geom_type for shape in drawn.geometry] == ["Polygon", "MultiPolygon"]
    assert drawn.geometry.iloc[1].area == pytest.approx(1200, rel=0.02)


def test_coordinates_that_are_no_numbers_are_refused_by_row() -> None:
    with np.errstate(invalid="ignore"):
        broken = Polygon([(0, 0), (np.nan, 0), (9, 9)])
    with pytest.raises(UsageError, match="row 1 has coordinates that are not finite"):
        regularize(frame(box(0, 0, 9, 9), broken))
