"""How many buildings come out right when a model sees them tile by tile.

A town whose pixels encode the building is cut into tiles; the oracles of ``stitch_town`` see one
tile each; the stitcher, and the peers that are installed, put the town together again.

    python benchmarks/stitch.py perfect     # every tiling, a perfect model
    python benchmarks/stitch.py rough       # the same with a model that errs as networks do
    python benchmarks/stitch.py peers       # sahi, geoai, samgeo, detectree2, where installed
    python benchmarks/stitch.py peers --oracle telling --peer sahi --size 2048
    python benchmarks/stitch.py scale       # a million instances: time and memory
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import psutil
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from stitch_town import Labels, Lattice, Oracle, Rough, draw_town, perfect, telling

from geoseg.attributes.measure import measure
from geoseg.footprints import FootprintSettings, draw_all
from geoseg.stitch import InstanceDecoder, StitchCounts, Stitcher, TileInstances
from geoseg.train.decoded import labels_of
from geoseg.types import Cluster, Grid

TILINGS = [
    Lattice(512, 128),
    Lattice(640, 160),
    Lattice(1024, 256),
    Lattice(1024, 512),
    Lattice(512, 128, 101, 37),
    Lattice(640, 160, 333, 255),
]
ORACLES: dict[str, Oracle] = {"perfect": perfect, "telling": telling}
GRID = Grid(CRS("EPSG:32633"), Affine(0.3, 0, 5e5, 0, -0.3, 5e6), 4096, 4096, 0.3)
"""Where polygons are drawn and measured."""
SHARE = 0.1
"""A building takes part in another one from this share of the smaller on."""


@dataclass(frozen=True, slots=True)
class Score:
    """Errors against the town."""

    missed: int
    """Buildings without a polygon of IoU 0.5 or more."""
    extra: int
    """Polygons without a building of IoU 0.5 or more."""
    split: int
    """Buildings of which several polygons hold a share."""
    fused: int
    """Polygons that hold shares of several buildings."""
    unavoidable: int
    """Buildings left out of all four: what the model gave does not show them."""
    area_error: float
    """|found area - true area| / true area."""

    def __str__(self) -> str:
        return (
            f"missed {self.missed:3d}  extra {self.extra:3d}  split {self.split:3d}  "
            f"fused {self.fused:3d}  area {self.area_error:.4%}"
        )


def stitch(town: Labels, lattice: Lattice, oracle: Oracle) -> tuple[list[Cluster], StitchCounts]:
    """The clusters of the town's buildings, as a run of geoseg would draw them."""
    height, width = town.shape
    decoder = InstanceDecoder(width, height)
    clusters = []
    for row in lattice.rows((height, width)):
        tiles = [TileInstances(window, core, oracle(town, window)) for window, core in row]
        clusters += decoder.push(tiles)
    return clusters + decoder.close(), decoder.counts


def polygons(clusters: list[Cluster]) -> dict[int, bytes]:
    """Id to what the output would hold: the outline on the ground and everything measured."""
    drawn = draw_all(sorted(clusters, key=_first_key), FootprintSettings())
    footprints = [footprint for each in drawn for footprint in each.footprints]
    rows = measure(footprints, GRID, GRID.crs)
    columns = (rows.area_m2, rows.perimeter_m, rows.length_m, rows.width_m, rows.orientation_deg)
    numbers = np.column_stack(columns).astype(np.float64)
    return {
        int(key): outline + more.tobytes()
        for key, outline, more in zip(
            rows.building_id, shapely.to_wkb(rows.geometry), numbers, strict=True
        )
    }


def _first_key(cluster: Cluster) -> int:
    return cluster.instances[0].key


def score(town: Labels, found: Labels, shown: NDArray[np.bool_] | None = None) -> Score:
    """Compare label images; ``shown`` marks pixels that the model showed at least once."""
    names, dense = np.unique(found, return_inverse=True)
    dense = dense.reshape(found.shape)
    true_px, found_px = np.bincount(town.ravel()), np.bincount(dense.ravel())
    codes, common = np.unique(town.astype(np.int64) * len(names) + dense, return_counts=True)
    a, b = codes // len(names), codes % len(names)
    real = (a > 0) & (names[b] > 0)
    a, b, common = a[real], b[real], common[real]
    hidden = np.zeros(len(true_px), np.bool_)
    if shown is not None:
        seen_px = np.bincount(town[shown], minlength=len(true_px))
        hidden = seen_px < 0.95 * true_px
    match = 2 * common >= true_px[a] + found_px[b] - common
    share = common >= SHARE * np.minimum(true_px[a], found_px[b])
    spoilt = np.zeros(len(names), np.bool_)
    spoilt[b[hidden[a]]] = True
    missed = np.setdiff1d(np.arange(1, len(true_px)), a[match])
    extra = np.setdiff1d(np.flatnonzero(names > 0), b[match])
    parts, holds = np.bincount(a[share], minlength=len(true_px)), np.bincount(b[share])
    areas = true_px[1:].sum(), found_px[names > 0].sum()
    return Score(
        int((~hidden[missed]).sum()),
        int((~spoilt[extra]).sum()),
        int(((parts > 1) & ~hidden).sum()),
        int((holds > 1).sum()),
        int(hidden.sum()),
        abs(float(areas[0]) - float(areas[1])) / float(areas[0]),
    )


def run_perfect(town: Labels) -> None:
    """Every tiling must give the very same town."""
    print(f"perfect model, {town.max()} buildings")
    first: tuple[Labels, dict[int, bytes]] | None = None
    for lattice in TILINGS:
        begin = time.process_time()
        clusters, counts = stitch(town, lattice, perfect)
        seconds = time.process_time() - begin
        found, outlines = labels_of(clusters, *town.shape), polygons(clusters)
        first = first or (found, outlines)
        pixels = "same pixels" if (found == first[0]).all() else "pixels DIFFER"
        drawn = "same polygons" if outlines == first[1] else "polygons DIFFER"
        print(f"  {name(lattice)}  {score(town, found)}  {pixels}, {drawn}  {seconds:.1f} s of CPU")
        print(f"    {len(outlines)} polygons, {counts}", flush=True)


def run_rough(town: Labels) -> None:
    """What is left when outlines err near tile borders and pieces are missing or doubled."""
    print(f"rough model, {town.max()} buildings")
    for lattice in TILINGS:
        shown = np.zeros(town.shape, np.bool_)
        clusters, counts = stitch(town, lattice, Rough(seed=7, seen=shown))
        found = labels_of(clusters, *town.shape)
        result = score(town, found, shown)
        wrong = result.missed + result.extra + result.split + result.fused
        rate = wrong / (town.max() - result.unavoidable)
        print(f"  {name(lattice)}  {result}  wrong {rate:.2%}  unavoidable {result.unavoidable}")
        print(f"    {counts}", flush=True)


def run_peers(town: Labels, oracle: Oracle, wanted: str) -> None:
    """Geoseg and the peers whose name holds ``wanted``, with the same oracle."""
    from stitch_peers import peers

    print(f"{oracle.__name__} model, {town.max()} buildings, {town.shape[0]} px")
    for label, peer in ({"geoseg": stitched} | peers()).items():
        if label == "geoseg" or wanted in label:
            print(label)
            compare_peer(town, peer, oracle)


def stitched(town: Labels, lattice: Lattice, oracle: Oracle) -> Labels:
    """What geoseg makes of the tiles, as a peer would be called."""
    return labels_of(stitch(town, lattice, oracle)[0], *town.shape)


def compare_peer(town: Labels, peer: Callable[..., Labels], oracle: Oracle) -> None:
    """Print a peer's errors for the tilings without a shift."""
    first = None
    for lattice in TILINGS[:4]:
        begin = time.process_time()
        found = peer(town, lattice, oracle)
        seconds = time.process_time() - begin
        shapes = outlined(found)
        first = shapes if first is None else first
        same = "same" if (shapes == first).all() else "differs from the first tiling"
        print(
            f"  {name(lattice)}  {score(town, found)}  {same}  {seconds:.1f} s of CPU", flush=True
        )


def outlined(found: Labels) -> Labels:
    """Labels named by their first pixel, so that the order of polygons does not matter."""
    _, first, place = np.unique(found, return_index=True, return_inverse=True)
    return np.where(found == 0, 0, first[place].reshape(found.shape) + 1).astype(np.int32)


def run_scale(town: Labels, instances: int) -> None:
    """Push copies of a strip of the town, one under another, until enough instances went by."""
    strip = town[:1152]
    lattice = Lattice(512, 128)
    rows = list(lattice.rows(strip.shape))[:2]
    seen = [[(window, core, perfect(strip, window)) for window, core in row] for row in rows]
    print(f"scale: {instances} instances of {strip.shape[1]} px wide rows of tiles")
    stitcher, pushed, at = Stitcher(strip.shape[1], 2**30), 0, 0
    begin = time.process_time()
    step, process = lattice.tile_px - lattice.overlap_px, psutil.Process()
    mark = 100_000
    while pushed < instances:
        tiles = [_moved(tile, at * step) for tile in seen[1]]
        result = stitcher.push(tiles)
        for _ in result.rows:
            pass
        pushed, at = stitcher.counts.instances, at + 1
        if pushed >= mark:
            seconds, begin = time.process_time() - begin, time.process_time()
            memory = process.memory_info().rss / 2**20
            print(
                f"  {pushed:8d}  {seconds:6.1f} s of CPU  {memory:.0f} MB  open {stitcher.open_instances}",
                flush=True,
            )
            mark += 100_000


def _moved(tile: tuple, rows: int) -> TileInstances:
    from dataclasses import replace

    window, core, instances = tile
    window = replace(window, row_off=window.row_off + rows)
    core = replace(core, row_off=core.row_off + rows)
    return TileInstances(window, core, instances)


def name(lattice: Lattice) -> str:
    """For people."""
    shift = f" shifted {lattice.row_shift}, {lattice.col_shift}" if lattice.row_shift else ""
    return f"{f'{lattice.tile_px}/{lattice.overlap_px}{shift}':25s}"


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["perfect", "rough", "peers", "scale"], nargs="+")
    parser.add_argument("--size", type=int, default=4096, help="side of the town, pixels")
    parser.add_argument("--instances", type=int, default=1_000_000, help="for scale")
    parser.add_argument("--oracle", choices=list(ORACLES), default="perfect", help="for peers")
    parser.add_argument("--peer", default="", help="part of a peer's name")
    options = parser.parse_args(arguments)
    town = draw_town(options.size)
    if "perfect" in options.what:
        run_perfect(town)
    if "rough" in options.what:
        run_rough(town)
    if "peers" in options.what:
        run_peers(town, ORACLES[options.oracle], options.peer)
    if "scale" in options.what:
        run_scale(town, options.instances)


if __name__ == "__main__":
    main()
