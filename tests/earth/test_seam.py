"""Shapes over the 180th meridian and around the poles, against pyproj's geodesics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from tries import tries

from geoseg.earth.places import place_of_shapes
from geoseg.earth.reproject import areas_m2, densify, reproject
from geoseg.earth.seam import Seam

DEGREES = CRS.from_epsg(4326)
FIJI = {
    "UTM 60S": 32760, "UTM 1S": 32701, "Fiji grid": 3460, "PDC Mercator": 3832, "Web": 3857,
    "degrees": 4326, "plate carree": 4087,
}  # fmt: skip
MOLLWEIDE = CRS.from_proj4("+proj=moll +lon_0=0 +datum=WGS84")


def several(*shapes: Any) -> NDArray[np.object_]:
    return np.array(shapes, dtype=object)


def house(lon: float, lat: float, metres: float = 20.0) -> shapely.Polygon:
    """A square on the plane that touches the Earth there, its corners in degrees, with jumps."""
    plane = CRS.from_dict({"proj": "laea", "lon_0": lon, "lat_0": lat, "datum": "WGS84"})
    back = Transformer.from_crs(plane, DEGREES, always_xy=True)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * metres / 2
    return shapely.Polygon(np.column_stack(back.transform(*corners.T)))


def seam() -> Seam:
    found = Seam.of(DEGREES)
    assert found is not None
    return found


def test_which_crss_have_an_end() -> None:
    assert seam() == Seam(180, 360, 90)
    for code in (4326, 3857, 3832, 4087, 6933, 4807):
        assert Seam.of(CRS(code)) is not None
    for code in (32760, 3460, 3031, 3413, 32661, 27572, 2193):
        assert Seam.of(CRS(code)) is None


@pytest.mark.parametrize(
    "written",
    [
        shapely.Polygon([(179, 1), (-179, 1), (-179, 2), (179, 2)]),
        shapely.box(179, 1, 181, 2),
        shapely.box(-181, 1, -179, 2),
        shapely.MultiPolygon([shapely.box(179, 1, 180, 2), shapely.box(-180, 1, -179, 2)]),
        shapely.box(539, 1, 541, 2),
    ],
    ids=["jump", "beyond", "before", "parts", "a turn more"],
)
def test_one_place_however_it_is_written(written: shapely.Geometry) -> None:
    cut = seam().tidy(several(written))[0]
    parts = [shapely.box(179, 1, 180, 2), shapely.box(-180, 1, -179, 2)]
    assert cut.equals(shapely.MultiPolygon(parts))
    near = reproject(several(written), DEGREES, CRS(3832))[0]
    assert near.geom_type == "Polygon"
    assert near.area == pytest.approx(shapely.area(reproject(several(cut), DEGREES, CRS(3832)))[0])


def test_a_band_round_the_world_stays_one() -> None:
    band = shapely.box(-180, -10, 180, 10)
    assert seam().tidy(several(band))[0].equals(band)
    expected = 2 * np.pi * Geod(ellps="WGS84").a ** 2 * 2 * np.sin(np.radians(10))
    assert areas_m2(densify(several(band), DEGREES), DEGREES)[0] == pytest.approx(
        expected, rel=0.01
    )
    wide = shapely.box(-170, -10, 170, 10)
    assert seam().tidy(several(wide))[0].equals(wide)


def test_a_hole_stays_a_hole() -> None:
    ring = shapely.box(179, 1, 181, 3).difference(shapely.box(179.5, 1.5, 180.5, 2.5))
    wrapped = shapely.transform(
        ring, lambda xy: np.column_stack([(xy[:, 0] + 180) % 360 - 180, xy[:, 1]])
    )
    assert seam().tidy(several(wrapped))[0].area == pytest.approx(ring.area)


@pytest.mark.parametrize("there", [*FIJI.values(), MOLLWEIDE])
@given(lon=st.floats(179.9995, 180.0005), lat=st.floats(-19, -15))
@tries(15)
def test_houses_keep_their_area_there_and_back(there: Any, lon: float, lat: float) -> None:
    crs = CRS(there)
    given_ = several(house(lon, lat))
    true = abs(Geod(ellps="WGS84").geometry_area_perimeter(given_[0])[0])
    moved = reproject(seam().tidy(given_), DEGREES, crs)
    assert shapely.is_valid(moved).all()
    assert areas_m2(moved, crs)[0] == pytest.approx(true, rel=1e-4)
    again = reproject(moved, crs, DEGREES)
    assert areas_m2(again, DEGREES)[0] == pytest.approx(true, rel=1e-4)
    left, _, right, _ = again[0].bounds
    assert left >= -180
    assert right <= 180
    if crs == MOLLWEIDE:
        return
    place = place_of_shapes(moved, crs)
    assert place is not None
    assert abs((place.middle[0] - lon + 180) % 360 - 180) < 1e-3


@pytest.mark.parametrize(("code", "sign"), [(3031, -1), (32761, -1), (3413, 1), (32661, 1)])
def test_a_cap_and_a_ring_around_a_pole(code: int, sign: int) -> None:
    crs = CRS(code)
    middle = np.array(Transformer.from_crs(4326, crs, always_xy=True).transform(0, 90 * sign))
    cap = shapely.Point(middle).buffer(300_000, 64)
    ring = cap.difference(shapely.Point(middle).buffer(100_000, 64))
    for shape in (cap, ring):
        lonlat = reproject(several(shape), crs, DEGREES)
        assert shapely.is_valid(lonlat).all()
        true = areas_m2(several(shape), crs)[0]
        assert areas_m2(densify(lonlat, DEGREES), DEGREES)[0] == pytest.approx(true, rel=1e-3)
        again = reproject(lonlat, DEGREES, crs)
        both = shapely.make_valid(again[0]).symmetric_difference(shape).area
        assert both < 1e-3 * shape.area


def test_what_a_crs_cannot_show_is_empty() -> None:
    far = several(shapely.box(100, 0, 101, 1), shapely.box(9, 0, 9.1, 0.1))
    assert shapely.is_empty(reproject(far, DEGREES, CRS(32632))).tolist() == [True, False]


@given(st.lists(st.tuples(st.floats(-180, 179), st.floats(0.01, 30)), min_size=1, max_size=6))
@tries(200)
def test_the_narrowest_stretch_holds_everything(stretches: list[tuple[float, float]]) -> None:
    left = np.array([begin for begin, _ in stretches])
    right = np.minimum(left + [width for _, width in stretches], 180.0)
    low, high = seam().narrowest(left, right)
    assert high - low <= 360
    for begin, end in zip(left, right, strict=True):
        inside = [low - 1e-9 <= begin + t and end + t <= high + 1e-9 for t in (-360, 0, 360)]
        assert any(inside) or high - low >= 360
    assert high - low <= right.max() - left.min() + 1e-9
