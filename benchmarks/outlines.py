"""Drawn outlines against the true ones of towns that nobody tuned to, beside other tools.

    python benchmarks/outlines.py                      # a few minutes on one core
    python benchmarks/outlines.py --quick              # the left-out towns alone, in short
    python benchmarks/outlines.py --on choosing        # what parameters are chosen on
    python benchmarks/outlines.py --losses --on choosing  # where they lose against the limit
    python benchmarks/outlines.py --count 100000       # time per building, up to that many
    python benchmarks/outlines.py --picture town.png   # masks, true and drawn outlines

Five generators build towns (``town_kinds.GENERATORS``). Parameters are chosen on three of them; the
other two are left out, and what is told of geoseg is told of these. Masks err by smooth noise: so
many pixels, correlated over so many. The *limit* is what the masks know: the true walls, each moved
to the mean of its own boundary pixels. Other tools take part where they are installed: see
``regularize_peers``. Times are processor time on one core.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from outline_losses import print_losses
from regularize_peers import Tool, installed, simplify
from regularize_score import Score, Truth, iou, least_angle_error, score
from town import Town, TownSpec, build_town
from town_kinds import CHOOSING, GENERATORS, LEFT_OUT, RECTILINEAR

from geoseg.redraw import regularize
from geoseg.redraw.own import FRAME_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CRS = "EPSG:32633"
USUAL = TownSpec(10_000, (), jitter_px=1.2, correlation_px=3.0)
"""How badly the towns of the main table are seen."""
RAW_IOU = (0.90, 0.92)
"""Masks seen so that agree better with the truth are too easy, others too hard."""
CORNER_PX = 3.5
"""Radius to which networks round corners."""
SWELL_PX = 2.0
"""How far shadows are taken for the building."""
USUAL_PRICE = replace(FRAME_SETTINGS, correlation_px=1.5)
"""Walls priced for noise that hangs together over so many pixels, whatever the layer tells."""
GROUPS = {"choosing": CHOOSING, "left out": LEFT_OUT}


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few buildings, no other tools")
    parser.add_argument("--on", choices=("choosing", "left-out", "all"), default="all")
    parser.add_argument("--houses", type=int, default=300, help="buildings of each generator")
    parser.add_argument("--seed", type=int, default=0, help="other towns of the same kinds")
    parser.add_argument("--losses", action="store_true", help="tell causes of what is lost instead")
    parser.add_argument("--count", type=int, help="measure time up to so many buildings instead")
    parser.add_argument("--picture", type=Path, help="draw before and after to a PNG instead")
    options = parser.parse_args()
    regularize(to_frame(_see(("suburbs",), USUAL, 4), 0.3), gsd_m=0.3)  # compile
    usual = replace(USUAL, seed=options.seed)
    if options.picture:
        draw(options.picture, usual)
    elif options.count:
        measure_time(options.count)
    else:
        houses = min(options.houses, 100) if options.quick else options.houses
        on = "left-out" if options.quick and options.on == "all" else options.on
        wanted = [name for name in GROUPS if on in ("all", name.replace(" ", "-"))]
        if options.losses:
            for name in wanted:
                tell_losses(name, usual, houses)
            return
        compare_groups(wanted, usual, houses, {} if options.quick else installed())
        for name in wanted:
            vary(name, usual, max(20, houses // 3))


def _build(name: str, how: TownSpec, houses: int) -> Town:
    return build_town(replace(how, kinds=GENERATORS[name], houses=houses))


def _see(names: Sequence[str], how: TownSpec, houses: int) -> Truth:
    return Truth.of([_build(name, how, houses) for name in names], how.gsd_m)


def to_frame(truth: Truth, gsd_m: float) -> gpd.GeoDataFrame:
    """Masks of a town as a layer in metres, lots of one generator in a row."""
    masks = gpd.GeoSeries(truth.raw, crs=CRS).scale(gsd_m, gsd_m, origin=(0, 0))
    return gpd.GeoDataFrame({"lot": truth.lot}, geometry=masks, crs=CRS)


def to_pixels(frame: gpd.GeoDataFrame, gsd_m: float) -> NDArray[np.object_]:
    """Outlines of a layer in pixels."""
    return np.asarray(frame.geometry.scale(1 / gsd_m, 1 / gsd_m, origin=(0, 0)).array)


def _geoseg(frame: gpd.GeoDataFrame, gsd_m: float) -> gpd.GeoDataFrame:
    return regularize(frame, gsd_m=gsd_m)


def _geoseg_at_usual_price(frame: gpd.GeoDataFrame, gsd_m: float) -> gpd.GeoDataFrame:
    """Without learning over how many pixels the noise hangs together."""
    return regularize(frame, gsd_m=gsd_m, settings=USUAL_PRICE)


def compare_groups(
    groups: Sequence[str], how: TownSpec, houses: int, peers: dict[str, Tool]
) -> None:
    """A table for each group of generators, and one row for each generator."""
    towns = {name: [_build(one, how, houses) for one in GROUPS[name]] for name in groups}
    for name, some in towns.items():
        print(
            f"\n{name}: {', '.join(GROUPS[name])}; noise {how.jitter_px} px over {how.correlation_px} px"
        )
        compare_tools(Truth.of(some, how.gsd_m), peers)
    print(f"\ngeoseg, town by town\n{'':28}{Score.HEADER}  simplified    ms")
    for name, some in towns.items():
        for town, built in zip(GROUPS[name], some, strict=True):
            truth = Truth.of([built], how.gsd_m)
            print_row(town, truth, _geoseg)
            raw = float(iou(truth.outlines, truth.raw).mean())
            if not RAW_IOU[0] <= raw <= RAW_IOU[1]:
                print(f"{town}: raw masks agree by {raw:.3f}, which is not within {RAW_IOU}")


def tell_losses(name: str, how: TownSpec, houses: int) -> None:
    """Where geoseg loses against the limit, by cause and by kind of building."""
    truth = _see(GROUPS[name], how, houses)
    drawn = _geoseg(to_frame(truth, truth.gsd_m), truth.gsd_m)
    print(f"\n{name}: {', '.join(GROUPS[name])}")
    print_losses(truth, to_pixels(drawn, truth.gsd_m), np.asarray(drawn["shape"]))


def compare_tools(truth: Truth, peers: dict[str, Tool]) -> None:
    """A table of all measures beside simplify and others."""
    print(
        f"{len(truth.raw)} buildings; one who knows the true walls: mean IoU {truth.limit.mean():.4f}, "
        f"5th percentile {np.percentile(truth.limit, 5):.3f}, angle {least_angle_error(truth):.2f}"
    )
    tools: dict[str, Tool] = {"raw mask": lambda frame, _: frame}
    tools[f"simplify {truth.tolerance_px:g} px"] = simplify(truth.tolerance_px)
    tools |= peers
    tools["geoseg, usual price"] = _geoseg_at_usual_price
    tools["geoseg"] = _geoseg
    print(f"{'':28}{Score.HEADER}  simplified    ms")
    for name, tool in tools.items():
        print_row(name, truth, tool)


def print_row(name: str, truth: Truth, tool: Tool) -> None:
    """What a tool makes of a town."""
    frame = to_frame(truth, truth.gsd_m)
    begin = time.process_time()
    drawn = tool(frame, truth.gsd_m)
    spent = 1e3 * (time.process_time() - begin) / len(frame)
    row = score(truth, to_pixels(drawn, truth.gsd_m)).row()
    plain = f"{np.mean(drawn['shape'] == 'simplified'):11.1%}" if "shape" in drawn else f"{'-':>11}"
    print(f"{name:28}{row} {plain} {spent:5.2f}", flush=True)


def vary(name: str, usual: TownSpec, houses: int) -> None:
    """Other noise, corners, shadows and pixels: mean IoU and 5th percentiles."""
    cases = [
        (f"{noise} px over {over} px", replace(usual, jitter_px=noise, correlation_px=float(over)))
        for noise in (0.5, 1.2, 2.0)
        for over in (1, 3, 6)
    ]
    cases += [
        ("corners opened", replace(usual, opened_px=CORNER_PX)),
        ("corners closed", replace(usual, closed_px=CORNER_PX)),
        ("corners both", replace(usual, opened_px=CORNER_PX, closed_px=CORNER_PX)),
        ("shadows", replace(usual, swell_px=SWELL_PX)),
    ]
    cases += [
        (f"pixels of {gsd_m} m", replace(usual, gsd_m=gsd_m)) for gsd_m in (0.1, 0.2, 0.45, 0.6)
    ]
    print(f"\n{name}, seen otherwise: mean IoU, and 5th percentile of the limit and of geoseg")
    print(
        f"{'':20}     raw   limit simplify   usual  geoseg   p5      p5  {'angle':>6}{'vertices':>9}{'area':>8}{'loss':>8}"
        f"  simplified    ms"
    )
    for told, how in cases:
        truth = _see(GROUPS[name], how, houses)
        frame = to_frame(truth, truth.gsd_m)
        begin = time.process_time()
        drawn = regularize(frame, gsd_m=truth.gsd_m)
        spent = 1e3 * (time.process_time() - begin) / len(frame)
        ours = score(truth, to_pixels(drawn, truth.gsd_m))
        usually = to_pixels(_geoseg_at_usual_price(frame, truth.gsd_m), truth.gsd_m)
        print(
            f"{told:20}{iou(truth.outlines, truth.raw).mean():8.4f}{truth.limit.mean():8.4f}"
            f"{truth.simple.mean():9.4f}{iou(truth.outlines, usually).mean():8.4f}{ours.iou:8.4f}{np.percentile(truth.limit, 5):8.3f}{ours.iou_p5:8.3f}"
            f"{ours.angle_deg:6.2f}{ours.vertices:+9.2f}{ours.bias_percent:+7.2f}%{ours.loss:+8.4f}"
            f"{np.mean(drawn['shape'] == 'simplified'):11.1%} {spent:6.2f}",
            flush=True,
        )


def measure_time(count: int) -> None:
    """Time per building for layers of growing size: one town, repeated side by side."""
    town = build_town(replace(USUAL, kinds=RECTILINEAR, houses=300))
    frame = to_frame(Truth.of([town], 0.3), 0.3)
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


def draw(path: Path, how: TownSpec) -> None:
    """Masks (grey), true outlines (green) and drawn outlines (red) of a lot of each kind."""
    from PIL import Image, ImageDraw

    kinds = sorted({kind for town in GENERATORS.values() for kind in town})
    size, across = 420, 5
    image = Image.new("RGB", (across * size, -(-len(kinds) // across) * size), "white")
    pen = ImageDraw.Draw(image)
    for number, kind in enumerate(kinds):
        truth = Truth.of([build_town(replace(how, kinds=(kind,), lots=1))], how.gsd_m)
        drawn = to_pixels(regularize(to_frame(truth, 0.3), gsd_m=0.3), 0.3)
        x, y, x_max, y_max = shapely.total_bounds(truth.raw)
        zoom = 0.9 * size / max(x_max - x, y_max - y)
        corner = np.array([number % across, number // across]) * size + 0.05 * size
        layers = ((truth.raw, "#999999", 2), (truth.outlines, "#00a000", 1), (drawn, "#d00000", 2))
        for polygons, colour, width in layers:
            for ring in shapely.get_rings(polygons):
                xy = (shapely.get_coordinates(ring) - (x, y)) * zoom + corner
                pen.line([tuple(point) for point in xy], fill=colour, width=width)
    image.save(path)


if __name__ == "__main__":
    main()
