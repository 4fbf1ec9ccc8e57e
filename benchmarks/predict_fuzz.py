"""Painted rasters in many CRSs through ``geoseg.predict``: is every layer that comes back clean and true?

    python benchmarks/predict_fuzz.py                         # 200 rasters
    python benchmarks/predict_fuzz.py --count 1000 --first 500

A raster of ragged, touching buildings with courtyards lies somewhere on the Earth, in metres, feet,
degrees or grads, upright or turned. Clean is what ``redraw_fuzz`` calls clean; true is an ``area_m2``
and a ``perimeter_m`` as pyproj's geodesics give them for the outlines that came back.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import shapely
from affine import Affine
from painted import PaintedModel
from pyproj import CRS, Geod, Transformer
from redraw_fuzz import unclean
from redraw_layers import HALF_TURN, PLACES, Place
from scipy import ndimage

import geoseg
from geoseg.errors import GeosegError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

GSDS_M = (0.1, 0.3, 0.5)
BODY, GAP = 250, 240
SAME, ROUNDING = 1e-7, 1e-4
"""Measures that differ by no larger share, or by so much of a square metre or metre, are the same:
geodesic areas are rounded at some 1e-5 m2."""


@dataclass(frozen=True, slots=True)
class Painted:
    """A raster of a painted town, and how it is to be read."""

    place: Place
    """Where it lies."""
    pixels: NDArray[np.uint8]
    """(3, height, width) body, contact and edge."""
    transform: Affine
    """Pixel corners to the CRS."""
    shape: str
    """How outlines are to be drawn."""
    tile_px: int
    """Size of the tiles."""


def painted(seed: int) -> Painted:
    """One raster of up to some forty buildings."""
    rng = np.random.default_rng(seed)
    place, gsd_m = PLACES[rng.integers(len(PLACES))], float(rng.choice(GSDS_M))
    height, width = rng.integers(60, 140, 2)
    step = gsd_m / np.array(place.unit_m)
    turn = float(rng.choice([0.0, 0.0, 17.3]))
    middle = Affine.translation(place.x, place.y) * Affine.scale(step[0], -step[1])
    transform = middle * Affine.rotation(turn) * Affine.translation(-width / 2, -height / 2)
    shape, tile_px = (
        str(rng.choice(["regularized", "simplified", "raw"])),
        int(rng.integers(24, 99)),
    )
    return Painted(place, _town(rng, height, width), transform, shape, tile_px)


def _town(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """Buildings of a label map, parted by contact, with courtyards in which others stand."""
    count = int(rng.integers(1, 30))
    seeds = np.column_stack([rng.uniform(0, height, count), rng.uniform(0, width, count)])
    rows, cols = np.mgrid[:height, :width]
    noise = rng.uniform(0, rng.choice([0.0, 1.0, 2.5]), (2, height, width))
    away = np.maximum(
        np.abs(rows + noise[0] - seeds[:, 0, None, None]),
        np.abs(cols + noise[1] - seeds[:, 1, None, None]),
    )
    label = np.where(away.min(axis=0) < rng.uniform(4, 18), away.argmin(axis=0) + 1, 0)
    for _ in range(rng.integers(0, 6)):
        row, col = rng.integers(0, height - 12), rng.integers(0, width - 12)
        label[row : row + rng.integers(3, 12), col : col + rng.integers(3, 12)] = 0
        if rng.random() < 0.5:  # a house in the yard, from corner to corner
            label[row + 1 : row + 3, col + 1 : col + 3] = count + 1
    label[rng.random(label.shape) < rng.choice([0.0, 0.0, 0.02])] = 0
    image = np.zeros((3, height, width), np.uint8)
    image[0][label > 0] = BODY
    low = ndimage.minimum_filter(np.where(label > 0, label, count + 9), 3)
    image[1][(label > 0) & (ndimage.maximum_filter(label, 3) > low) & (low > 0)] = GAP
    return image


def troubles(raster: Painted, folder: Path) -> tuple[list[str], int]:
    """What is wrong with the buildings of a raster, each as ``kind: details``, and their number."""
    path = folder / "painted.tif"
    height, width = raster.pixels.shape[1:]
    crs = CRS.from_user_input(raster.place.crs).to_wkt()
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=height, width=width, dtype="uint8", crs=crs,
        transform=raster.transform,
    ) as dataset:  # fmt: skip
        dataset.write(raster.pixels)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = geoseg.predict(
                path, model=PaintedModel(), shape=raster.shape, tile_px=raster.tile_px,
                keep_blank=True, min_area_m2=0.0,
            )  # fmt: skip
    except GeosegError as error:
        return [f"refused: {error}"], 0
    except Exception as error:  # noqa: BLE001  # all of them are what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return [f"error: {type(error).__name__} {error} in {place.filename}:{place.lineno}"], 0
    return list(problems_of(raster, found)), len(found)


def problems_of(raster: Painted, found: gpd.GeoDataFrame) -> Iterator[str]:
    """What is wrong with the buildings found."""
    outlines = np.asarray(found.geometry.array, dtype=object)
    yield from unclean(outlines)
    if not len(found):
        return
    if found.crs != CRS.from_user_input(raster.place.crs):
        yield f"crs: {found.crs}"
    torn = np.ptp(shapely.bounds(outlines)[:, ::2], axis=1) > HALF_TURN
    if torn.any() and "degrees" in raster.place.name:
        yield f"torn: {int(torn.sum())} buildings reach around the globe"
    height, width = raster.pixels.shape[1:]
    cols, rows = ~raster.transform @ shapely.get_coordinates(outlines).T
    if cols.min() < -4 or rows.min() < -4 or cols.max() > width + 4 or rows.max() > height + 4:
        yield f"place: columns {cols.min():.1f} to {cols.max():.1f}, rows {rows.min():.1f} to {rows.max():.1f}"
    area_m2, perimeter_m = _measured(outlines, found.crs)
    for name, wanted in (("area_m2", area_m2), ("perimeter_m", perimeter_m)):
        off = np.abs(found[name].to_numpy() - wanted)
        if not (off <= SAME * wanted + ROUNDING).all():
            yield f"{name}: off by {off.max():.2g}"
    body = (raster.pixels[0] > 0).sum() * _pixel_m2(raster, found.crs)
    if not 0.5 * body - 20 < found["area_m2"].sum() < 1.2 * body + 1:
        yield f"sum: {found['area_m2'].sum():.1f} m2 of {body:.1f}"


def _measured(
    outlines: NDArray[np.object_], crs: CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas and lengths of all rings by pyproj alone, on the ellipsoid of the CRS itself."""
    geod = Geod(ellps="WGS84") if crs.ellipsoid is None else Geod(
        a=crs.ellipsoid.semi_major_metre, b=crs.ellipsoid.semi_minor_metre
    )  # fmt: skip
    if crs.is_geographic:  # turned to degrees by hand, so that no datum comes between
        unit = np.degrees(crs.axis_info[0].unit_conversion_factor)
        lonlat = shapely.transform(outlines, lambda xy: xy * unit)
    else:
        base = crs.geodetic_crs
        way = Transformer.from_crs(crs, base, always_xy=True)
        unit = np.degrees(base.axis_info[0].unit_conversion_factor)
        lonlat = shapely.transform(
            outlines, lambda xy: np.column_stack(way.transform(*xy.T)) * unit
        )
    areas = [geod.geometry_area_perimeter(one)[0] for one in shapely.orient_polygons(lonlat)]
    lengths = [geod.geometry_length(line) for line in shapely.boundary(lonlat)]
    return np.abs(areas), np.array(lengths)


def _pixel_m2(raster: Painted, crs: CRS) -> float:
    height, width = raster.pixels.shape[1:]
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) + np.array([width, height]) // 2
    pixel = shapely.Polygon(np.column_stack(raster.transform @ corners.T))
    return float(_measured(np.array([pixel]), crs)[0][0])


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="number of rasters")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    options = parser.parse_args()
    begun, kinds, buildings = time.process_time(), Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.first, options.first + options.count):
            raster = painted(seed)
            problems, found = troubles(raster, Path(folder))
            buildings += found
            kinds.update({problem.split(":")[0] for problem in problems})
            if problems:
                print(seed, raster.place.name, raster.shape, *problems[:3], sep="; ", flush=True)
    print(f"{options.count} rasters, {buildings} buildings, {time.process_time() - begun:.0f} s")
    print("rasters by problem:", dict(kinds) or "none")


if __name__ == "__main__":
    main()
