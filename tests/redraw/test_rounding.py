"""Outlines that touch, or nearly do, at places where coordinates are rounded."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from redraw_fuzz import troubles, unclean
from redraw_layers import random_layer
from shapely.affinity import translate
from shapely.geometry import Point, Polygon, box

from geoseg.redraw import regularize
from geoseg.shaping import RegularizeSettings, regularize_groups
from geoseg.shaping.nodes import with_common_nodes

SETTINGS = RegularizeSettings(max_outward_px=4.0)
COURTYARD = [(8.0, 4.0), (4.0, 6.0), (4.0, 2.0)]
"""Its first corner lies amid the eastern wall of a house of eight by eight."""


def test_where_a_filled_courtyard_touches_a_common_wall_all_have_a_vertex() -> None:
    house = Polygon(box(0, 0, 8, 8).exterior, [COURTYARD])
    given = np.array([house, Polygon(COURTYARD), box(8, 0, 16, 8), box(0, 8, 8, 16)], dtype=object)
    assert shapely.is_valid(given).all()
    noded = with_common_nodes(given)
    assert [len(shapely.get_coordinates(one)) for one in noded] == [10, 4, 6, 5]
    assert (8.0, 4.0) in noded[0].exterior.coords
    assert (8.0, 4.0) in noded[2].exterior.coords
    assert shapely.equals(noded, given).all()
    assert list(unclean(noded)) == []


def test_two_courtyards_that_touch_amid_a_wall_have_a_vertex_there() -> None:
    other = [(4.0, 4.0), (2.0, 5.0), (2.0, 3.0)]
    house = Polygon(box(0, 0, 8, 8).exterior, [[(4, 2), (6, 4), (6, 6), (4, 6)], other])
    assert house.is_valid
    noded = with_common_nodes(np.array([house, Polygon(other)], dtype=object))
    assert [len(ring.coords) for ring in noded[0].interiors] == [6, 4]


def test_layers_without_courtyards_are_handed_on() -> None:
    given = np.array([box(0, 0, 1, 1), box(1, 0, 2, 1)], dtype=object)
    assert with_common_nodes(given) is given


def test_a_slit_that_rounding_closes_stays_as_it_is() -> None:
    slit = np.nextafter(0.1, 1.0)
    ring = [(-9, -9), (9, -9), (9, 9), (slit, 9), (0.1, 0.2), (0.1, 9), (-9, 9)]
    given = np.array([Polygon(ring), box(30, 30, 50, 40)], dtype=object)
    assert shapely.is_valid(given).all()
    drawn, shapes = regularize_groups(given, np.array([0, 1]), settings=SETTINGS)
    assert shapes == ["raw", "regularized"]
    assert drawn[0].equals_exact(given[0], 0)
    alone, shapes = regularize_groups(given[:1], np.array([0]), settings=SETTINGS)
    assert shapes == ["raw"]
    assert alone[0].equals_exact(given[0], 0)


def test_no_wall_is_drawn_farther_than_the_reach_by_many_others() -> None:
    small, large = Point(0, 0).buffer(4, quad_segs=12), Point(0, 13.5).buffer(9, quad_segs=18)
    silos = [large, small, translate(large, 3, 3), Point(1, 14.5).buffer(9, quad_segs=14)]
    given = gpd.GeoDataFrame(geometry=silos, crs="EPSG:32633")
    drawn = regularize(given, gsd_m=1.0, snap_m=2.0).geometry
    assert drawn[1].hausdorff_distance(small) < 2.5
    assert list(unclean(np.asarray(drawn.array, dtype=object))) == []


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:3857"])
def test_what_hangs_together_by_less_than_the_last_bit_keeps_its_area(crs: str) -> None:
    notch = [(1e-14, 0), (15, 10), (30 - 4e-15, 0), (15, 30)]
    house = Polygon(box(0, -30, 30, 30).exterior, [notch])
    given = gpd.GeoDataFrame(geometry=[house, box(-30, -30, 0, 30)], crs=crs)
    given = given.rotate(31.7, origin=(0, 0)).translate(5e5, 5.4e6).to_frame("geometry")
    drawn = regularize(given, gsd_m=0.5).geometry
    assert drawn.area.to_numpy() == pytest.approx(given.area.to_numpy(), rel=0.02)
    assert list(unclean(np.asarray(drawn.array, dtype=object))) == []


@pytest.mark.parametrize("seed", [771, 1072, 1900, 1971, 3925, 6092, 6635, 8668])
def test_layers_that_rounding_once_spoiled_come_back_clean(seed: int) -> None:
    assert troubles(random_layer(seed))[0] == []
