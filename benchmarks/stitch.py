"""How many buildings come out right when a model sees them tile by tile.

A town whose pixels encode the building is cut into tiles; the oracles of ``stitch_town`` see one
tile each; the stitcher, and the peers that are installed, put the town together again.

    python benchmarks/stitch.py perfect     # every tiling, a perfect model
    python benchmarks/stitch.py rough       # the same with a model that errs as networks do
    python benchmarks/stitch.py peers       # sahi, perfect model (pip install sahi)
    python benchmarks/stitch.py scale       # a million instances: time and memory
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import psutil
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from stitch_town import Labels, Lattice, Oracle, Rough, draw_town, perfect

from geoseg.decode import DecodeParams
from geoseg.stitch import StitchCounts, Stitcher, TileInstances
from geoseg.stitch.components import components

TILINGS = [
    Lattice(512, 128),
    Lattice(640, 160),
    Lattice(1024, 256),
    Lattice(1024, 512),
    Lattice(512, 128, 101, 37),
    Lattice(640, 160, 333, 255),
]
MIN_PX = DecodeParams().min_pixels
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


def stitch(town: Labels, lattice: Lattice, oracle: Oracle) -> tuple[Labels, StitchCounts]:
    """The town as the stitcher sees it; labels are the first pixel's raster index + 1."""
    height, width = town.shape
    stitcher = Stitcher(width, height)
    labels = np.zeros(town.shape, np.int32)
    links = [np.zeros((0, 2), np.int64)]
    for row in lattice.rows((height, width)):
        tiles = [TileInstances(window, core, oracle(town, window)) for window, core in row]
        result = stitcher.push(tiles)
        links.append(result.same)
        for band in result.rows:
            labels[band.row_off : band.row_off + len(band.labels)] = band.labels
    for band in stitcher.close().rows:
        labels[band.row_off : band.row_off + len(band.labels)] = band.labels
    united = keyed(labels, np.concatenate(links))
    return connected(united), stitcher.counts


def connected(united: Labels) -> Labels:
    """As the decoder does: 4-connected parts of ``MIN_PX`` or more, named by their first pixel."""
    parts, count = components(united)
    names, first, sizes = np.unique(parts, return_index=True, return_counts=True)
    lookup = np.zeros(count + 1, np.int32)
    lookup[names] = np.where(sizes >= MIN_PX, first + 1, 0)
    lookup[0] = 0
    return lookup[parts]


def keyed(labels: Labels, links: NDArray[np.int64]) -> Labels:
    """Unite linked labels and name them by their first pixel, so that equal towns are equal."""
    count = int(max(labels.max(), links.max(initial=0))) + 1
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    united = connected_components(graph, directed=False)[1][labels]
    united[labels == 0] = -1
    names, first = np.unique(united, return_index=True)
    lookup = np.zeros(names.max() + 2, np.int32)
    lookup[names] = first + 1
    lookup[-1] = 0
    return lookup[united]


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
    first = None
    for lattice in TILINGS:
        begin = time.perf_counter()
        found, counts = stitch(town, lattice, perfect)
        seconds = time.perf_counter() - begin
        first = found if first is None else first
        same = "same as the first tiling" if (found == first).all() else "DIFFERS"
        print(f"  {name(lattice)}  {score(town, found)}  {same}  {seconds:.1f} s")
        print(f"    {counts}")


def run_rough(town: Labels) -> None:
    """What is left when outlines err near tile borders and pieces are missing or doubled."""
    print(f"rough model, {town.max()} buildings")
    for lattice in TILINGS:
        shown = np.zeros(town.shape, np.bool_)
        found, counts = stitch(town, lattice, Rough(seed=7, seen=shown))
        result = score(town, found, shown)
        wrong = result.missed + result.extra + result.split + result.fused
        rate = wrong / (town.max() - result.unavoidable)
        print(f"  {name(lattice)}  {result}  wrong {rate:.2%}  unavoidable {result.unavoidable}")
        print(f"    {counts}")


def run_peers(town: Labels) -> None:
    """The peers with the same perfect oracle."""
    from stitch_peers import peers

    for label, peer in peers().items():
        print(label)
        compare_peer(town, peer)


def compare_peer(town: Labels, peer: Callable[..., Labels]) -> None:
    """Print a peer's errors for the tilings without a shift."""
    first = None
    for lattice in TILINGS[:4]:
        begin = time.perf_counter()
        found = peer(town, lattice, perfect)
        seconds = time.perf_counter() - begin
        first = found if first is None else first
        same = "same" if (found == first).all() else "differs from the first tiling"
        print(f"  {name(lattice)}  {score(town, found)}  {same}  {seconds:.1f} s")


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
                f"  {pushed:8d}  {seconds:6.1f} s of CPU  {memory:.0f} MB  open {stitcher.open_instances}"
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
    options = parser.parse_args(arguments)
    town = draw_town(options.size)
    if "perfect" in options.what:
        run_perfect(town)
    if "rough" in options.what:
        run_rough(town)
    if "peers" in options.what:
        run_peers(town)
    if "scale" in options.what:
        run_scale(town, options.instances)


if __name__ == "__main__":
    main()
