"""How well heights are told, and at what cost: ``python benchmarks/heights.py [--cost ROWS]``.

Accuracy on rendered towns (``surface_town.py``); cost on one town laid out again and again, so that a
million buildings need no hour of rendering.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from surface_town import CRS, LOT_M, SurfaceSpec, SurfaceTown, build, write

import geoseg
from geoseg.machine import peak_rss_mb

SLOPES = (0.0, 0.05, 0.1, 0.15, 0.25)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, default=16, help="lots along a side of a town")
    parser.add_argument("--cost", type=int, help="measure the cost of so many buildings instead")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.cost:
            cost(Path(folder), arguments.cost)
        else:
            accuracy(Path(folder), arguments.lots)


def accuracy(folder: Path, lots: int) -> None:
    """Errors by slope and shift."""
    print(
        "| slope | shift | terrain | buildings | P50 | P90 | ground bias | courtyards | ground P90 | roof right | no height |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for slope in SLOPES:
        for shift in (0.0, 1.0):
            town = build(SurfaceSpec(lots, slope=slope, shift_m=shift, seed=round(100 * slope)))
            for terrain in (False, True):
                print(_line(folder, town, terrain=terrain, told=(slope, shift)))
    town = build(SurfaceSpec(lots, slope=0.1, seed=1))
    write(folder / "dsm.tif", town.surface, town.transform)
    for name, outlines in (("flat", town.flat), ("groves", town.trees)):
        found = geoseg.add_heights(_frame(outlines), dsm=folder / "dsm.tif")
        low = int((found.height_m < 2).sum())
        print(f"{name}: {low} of {len(outlines)} rise by less than 2 m")


def _line(folder: Path, town: SurfaceTown, *, terrain: bool, told: tuple[float, float]) -> str:
    write(folder / "dsm.tif", town.surface, town.transform)
    write(folder / "dtm.tif", town.ground, town.transform)
    dtm = folder / "dtm.tif" if terrain else None
    found = geoseg.add_heights(_frame(town.footprints), dsm=folder / "dsm.tif", dtm=dtm)
    kind = np.array(town.kind)
    house = np.isin(kind, ["detached", "terrace"])
    error = found.height_m.to_numpy() - town.height_m
    below = found.ground_m.to_numpy() - town.ground_m
    pitched = np.array(town.pitched)
    named = found.roof.notna().to_numpy() & house
    right = ((found.roof == "pitched").to_numpy() == pitched)[named].mean()
    size = np.abs(error[house])
    return (
        f"| {told[0]:.0%} | {told[1]:g} m | {'given' if terrain else 'found'} | {house.sum()} | "
        f"{np.nanquantile(size, 0.5):.2f} | {np.nanquantile(size, 0.9):.2f} | {np.nanmean(below):+.3f} | "
        f"{np.nanmean(below[kind == 'courtyard']):+.3f} | "
        f"{np.nanquantile(np.abs(below), 0.9):.2f} | {right:.1%} | {np.isnan(error).sum()} |"
    )


def _lay_out(folder: Path, town: SurfaceTown, times: int) -> None:
    """A virtual raster of one town again and again."""
    px = town.surface.shape[0]
    place = ", ".join(map(str, town.transform.to_gdal()))
    sources = "".join(
        f"<ComplexSource><SourceFilename relativeToVRT='1'>dsm.tif</SourceFilename><SourceBand>1</SourceBand>"
        f"<SrcRect xOff='0' yOff='0' xSize='{px}' ySize='{px}'/>"
        f"<DstRect xOff='{c * px}' yOff='{r * px}' xSize='{px}' ySize='{px}'/><NODATA>-9999</NODATA>"
        "</ComplexSource>"
        for r in range(times)
        for c in range(times)
    )
    (folder / "all.vrt").write_text(
        f"<VRTDataset rasterXSize='{px * times}' rasterYSize='{px * times}'><SRS>{CRS}</SRS>"
        f"<GeoTransform>{place}</GeoTransform><VRTRasterBand dataType='Float32' band='1' "
        f"blockXSize='512' blockYSize='512'><NoDataValue>-9999</NoDataValue>{sources}"
        "</VRTRasterBand></VRTDataset>"
    )


def _frame(outlines: list[shapely.Geometry]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=outlines, crs=CRS)


def cost(folder: Path, rows: int) -> None:
    """Time and memory for so many buildings."""
    town = build(SurfaceSpec(20, slope=0.1))
    times = int(np.ceil(np.sqrt(rows / len(town.footprints))))
    side = 20 * LOT_M
    write(folder / "dsm.tif", town.surface, town.transform)
    _lay_out(folder, town, times)
    one = np.array(town.footprints)
    parts = [
        shapely.transform(one, lambda xy, c=c, r=r: xy + np.array([c * side, -r * side]))
        for r in range(times)
        for c in range(times)
    ]
    _frame(np.concatenate(parts)[:rows]).to_file(folder / "in.gpkg", engine="pyogrio")
    del parts
    geoseg.add_heights(_frame(list(one)), dsm=folder / "dsm.tif")  # compiled
    began, used = time.perf_counter(), time.process_time()
    done = geoseg.add_heights(folder / "in.gpkg", folder / "out.gpkg", dsm=folder / "all.vrt")
    print(f"{done.rows} buildings, surface of {(town.surface.size * times**2) / 1e6:.0f} MP:")
    print(f"{time.perf_counter() - began:.1f} s, {time.process_time() - used:.1f} core-seconds, "
          f"{peak_rss_mb():.0f} MB at the peak")  # fmt: skip


if __name__ == "__main__":
    main()
