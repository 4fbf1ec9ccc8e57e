"""Regularised footprints against the true outlines of synthetic towns, beside other tools.

    python benchmarks/regularize.py                      # about a minute on one core
    python benchmarks/regularize.py --count 100000       # time per building, up to that many
    python benchmarks/regularize.py --picture town.png   # a terrace and a courtyard house

Other tools take part where they are installed: see ``regularize_peers``. Times are processor time
on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from regularize_peers import Tool, installed, simplify
from regularize_score import Score, iou, least_angle_error, score
from town import OBLIQUE, RECTILINEAR, Town, TownSpec, build_town

from geoseg.redraw import regularize

if TYPE_CHECKING:
    from numpy.typing import NDArray

CRS = "EPSG:32633"
CORNER_PX = 3.5
"""Radius to which networks round corners."""
TOLERANCES_PX = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, default=150, help="lots of the main table")
    parser.add_argument("--seed", type=int, default=0, help="another town for the main table")
    parser.add_argument("--count", type=int, help="measure time up to so many buildings instead")
    parser.add_argument("--picture", type=Path, help="draw before and after to a PNG instead")
    options = parser.parse_args()
    regularize(to_frame(build_town(TownSpec(4, RECTILINEAR)), 0.3), gsd_m=0.3)  # compile
    if options.picture:
        draw(options.picture)
    elif options.count:
        measure_time(options.count)
    else:
        town = build_town(TownSpec(options.lots, RECTILINEAR, seed=options.seed))
        compare_tools(town, 0.3, installed())
        vary(max(20, options.lots // 3))
        round_off(max(20, options.lots // 3))


def to_frame(town: Town, gsd_m: float) -> gpd.GeoDataFrame:
    """Masks of a town as a layer in metres."""
    masks = gpd.GeoSeries(town.raw, crs=CRS).scale(gsd_m, gsd_m, origin=(0, 0))
    return gpd.GeoDataFrame({"lot": town.lot}, geometry=masks, crs=CRS)


def to_pixels(frame: gpd.GeoDataFrame, gsd_m: float) -> NDArray[np.object_]:
    """Outlines of a layer in pixels."""
    return np.asarray(frame.geometry.scale(1 / gsd_m, 1 / gsd_m, origin=(0, 0)).array)


def _geoseg(frame: gpd.GeoDataFrame, gsd_m: float) -> gpd.GeoDataFrame:
    return regularize(frame, gsd_m=gsd_m)


def compare_tools(town: Town, gsd_m: float, peers: dict[str, Tool]) -> None:
    """A table of all measures beside simplify and others."""
    truth, frame = np.asarray(town.truth), to_frame(town, gsd_m)
    tools: dict[str, Tool] = {"raw mask": lambda frame, _: frame}
    best = max(TOLERANCES_PX, key=lambda t: _mean_iou(truth, town, t))
    tools[f"simplify {best:g} px"] = simplify(best)
    tools |= peers
    tools["geoseg"] = _geoseg
    print(f"{len(truth)} buildings, {(shapely.get_num_coordinates(truth) - 1).mean():.1f} vertices")
    known = least_angle_error(truth, np.asarray(town.raw), town.lot)
    print(f"angle error of one who knows the true walls: {known:.2f} degrees")
    print(f"{'':28}{Score.HEADER}   ms")
    for name, tool in tools.items():
        begin = time.process_time()
        drawn = tool(frame.copy(), gsd_m)
        spent = 1e3 * (time.process_time() - begin) / len(truth)
        row = score(truth, to_pixels(drawn, gsd_m), town.lot, gsd_m).row()
        print(f"{name:28}{row} {spent:5.2f}", flush=True)


def _mean_iou(truth: NDArray[np.object_], town: Town, tolerance_px: float) -> float:
    return float(iou(truth, shapely.simplify(np.asarray(town.raw), tolerance_px)).mean())


def vary(lots: int) -> None:
    """Other noise, other pixels, other shapes: mean IoU beside simplify at its best tolerance."""
    cases = [(RECTILINEAR, 0.3, jitter) for jitter in (0.5, 1.2, 2.0)]
    cases += [(RECTILINEAR, gsd_m, 1.2) for gsd_m in (0.1, 0.6)]
    cases += [((kind,), 0.3, jitter) for jitter in (0.5, 1.2, 2.0) for kind in OBLIQUE]
    print(f"\n{'shapes':14}{'pixel':>7}{'jitter':>8}{'raw':>8}{'simplify':>10}{'geoseg':>8}  drawn")
    for kinds, gsd_m, jitter in cases:
        few = max(10, round(lots * min(1.0, gsd_m / 0.3) / (3 if len(kinds) == 1 else 1)))
        town = build_town(TownSpec(few, kinds, gsd_m=gsd_m, jitter_px=jitter, seed=1))
        truth, raw = np.asarray(town.truth), np.asarray(town.raw)
        simple = max(_mean_iou(truth, town, tolerance) for tolerance in TOLERANCES_PX)
        drawn = regularize(to_frame(town, gsd_m), gsd_m=gsd_m)
        ours = iou(truth, to_pixels(drawn, gsd_m)).mean()
        shapes = drawn["shape"].value_counts(normalize=True)
        told = ", ".join(f"{100 * share:.0f} % {name}" for name, share in shapes.items())
        name = kinds[0] if len(kinds) == 1 else "rectilinear"
        print(
            f"{name:14}{gsd_m:5.1f} m{jitter:5.1f} px{iou(truth, raw).mean():8.4f}"
            f"{simple:10.4f}{ours:8.4f}  {told}",
            flush=True,
        )


def round_off(lots: int) -> None:
    """Masks whose corners are rounded, as networks draw them."""
    for jitter in (0.5, 1.2):
        print(f"\ncorners rounded to {CORNER_PX} px, jitter {jitter} px")
        spec = TownSpec(lots, RECTILINEAR, jitter_px=jitter, corner_px=CORNER_PX, seed=1)
        compare_tools(build_town(spec), 0.3, {})


def measure_time(count: int) -> None:
    """Time per building for layers of growing size: one town, repeated side by side."""
    frame = to_frame(build_town(TownSpec(200, RECTILINEAR)), 0.3)
    width = float(frame.total_bounds[2]) + 10
    height = float(frame.total_bounds[3]) + 10
    for size in sorted({1000, 10_000, count}):
        copies = [
            frame.geometry.translate(width * (i % 10), height * (i // 10))
            for i in range(-(-size // len(frame)))
        ]
        layer = gpd.GeoDataFrame(geometry=np.concatenate(copies)[:size], crs=CRS)
        begin = time.process_time()
        regularize(layer, gsd_m=0.3)
        print(f"{size:8d} buildings {1e3 * (time.process_time() - begin) / size:6.3f} ms each")


def draw(path: Path) -> None:
    """Masks (grey), true outlines (green) and drawn outlines (red) of a few lots."""
    from PIL import Image, ImageDraw

    size, lots = 700, []
    for kind, seed in (("terrace", 4), ("courtyard", 5), ("warehouse", 2), ("bay", 1)):
        lots.append(build_town(TownSpec(1, (kind,), seed=seed)))
    image = Image.new("RGB", (2 * size, 2 * size), "white")
    pen = ImageDraw.Draw(image)
    for number, town in enumerate(lots):
        drawn = to_pixels(regularize(to_frame(town, 0.3), gsd_m=0.3), 0.3)
        x, y, x_max, y_max = shapely.total_bounds(town.raw)
        zoom = 0.9 * size / max(x_max - x, y_max - y)
        corner = np.array([number % 2, number // 2]) * size + 0.05 * size
        layers = ((town.raw, "#999999", 2), (town.truth, "#00a000", 1), (drawn, "#d00000", 3))
        for polygons, colour, width in layers:
            for ring in shapely.get_rings(polygons):
                xy = (shapely.get_coordinates(ring) - (x, y)) * zoom + corner
                pen.line([tuple(point) for point in xy], fill=colour, width=width)
    image.save(path)


if __name__ == "__main__":
    main()
