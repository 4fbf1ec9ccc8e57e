"""What is left of the tiles in the maps, for geoseg and for tools that blend tiles.

    python benchmarks/seams.py            # maps against one pass over the whole photo
    python benchmarks/seams.py memory     # bytes per pixel that a longer raster costs

All show the same network (the built-in model) tiles of the example photo. Peers are optional. To have
them without touching your environment:

    python -m venv peers
    python -c "import site; print(site.getsitepackages()[0])" > environment.pth
    mv environment.pth peers/lib/python3.*/site-packages/
    peers/bin/pip install --no-deps tiler pytorch-toolbelt empatches
    peers/bin/pip install geoai-py        # large, and may bring its own torch
    peers/bin/python benchmarks/seams.py

*max* and *mean* are absolute differences of probabilities over all heads; *flipped* is the share of
pixels whose body probability changes side of 0.5. A peer that mirrors the photo beyond its border is
compared with one pass over the photo mirrored in the same way: only seams count. *identical* is the share of buildings with the same WKB as at 512 px tiles.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from painted import PaintedModel, paint_town
from rasterio.windows import Window
from seams_peers import PEERS, Maps, read, with_halo

import geoseg
from geoseg.machine import peak_rss_mb
from geoseg.models.asking import core_maps
from geoseg.models.protocols import DenseModel
from geoseg.raster import Mosaic
from geoseg.tiles.lattice import Lattice
from geoseg.tiles.looking import core_in_window
from geoseg.types import Grid

PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"
ROWS_PX = 1024
TILES_PX = (512, 768, 1024)
WIDTH_PX = 2048
HEIGHTS_PX = (4096, 12288)
SLOPES = (
    "tiler, defaults (256 px tiles)",
    "pytorch-toolbelt, README 512/256, mean",
    "empatches, README 512/20 %, overwrite",
    "geoai, defaults (256/64, spline)",
)


def main() -> None:
    """The table of seams."""
    from geoseg.models import load_model

    model = load_model("default", device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        path = _cut(PHOTO, Path(folder, "photo.tif"))
        grid, image = _grid(path), read(path)
        print(f"{grid.height} x {grid.width} px of {PHOTO.name}, halo {model.halo_px} px")
        print(f"{'':40s}     max    mean   flipped")
        show_geoseg(image, grid, model)
        for name, row in (PEERS | with_halo(model.halo_px)).items():
            try:
                maps = row.run(path, model)
            except ImportError as error:
                print(f"{name:40s} not installed ({error})")
            else:
                _show(name, maps, one_pass(image, model, row.padding_px))
        show_buildings(path, grid.gsd_m, model)


def show_geoseg(image: NDArray[np.uint8], grid: Grid, model: DenseModel) -> None:
    """Print the seams of every tile size, and of one whose halo is too small."""
    whole = one_pass(image, model)
    for tile_px in TILES_PX:
        maps = tiled_maps(image, grid, model, tile_px, model.halo_px)
        _show(f"geoseg, {tile_px} px tiles", maps, whole)
    maps = tiled_maps(image, grid, model, TILES_PX[0], model.halo_px // 2)
    _show(f"geoseg, {TILES_PX[0]} px tiles, half the halo", maps, whole)


def one_pass(image: NDArray[np.uint8], model: DenseModel, padding_px: int = 0) -> Maps:
    """Maps of the whole image at once, mirrored beyond its border where a peer does that too."""
    height, width = image.shape[1:]
    sides = (padding_px, padding_px)
    padded = np.pad(image, ((0, 0), sides, sides), mode="reflect")
    maps = model.predict_maps(padded[None])[0]
    return maps[:, padding_px : padding_px + height, padding_px : padding_px + width]


def tiled_maps(
    image: NDArray[np.uint8], grid: Grid, model: DenseModel, tile_px: int, halo_px: int
) -> Maps:
    """Maps put together from the cores of tiles, before they are quantised."""
    lattice = Lattice(grid, tile_px, halo_px, model.stride_px)
    maps = np.empty((len(model.heads), grid.height, grid.width), np.float32)
    for tile in (tile for strip in lattice.strips() for tile in strip.tiles):
        seen = image[:, *tile.window.slices_in(grid.window)]
        core = core_in_window(tile)
        maps[:, *tile.core.slices_in(grid.window)] = core_maps(model, seen[None], core)[0]
    return maps


def show_buildings(path: Path, gsd_m: float, model: DenseModel) -> None:
    """Print how many buildings are the same at every tile size."""
    print(f"{'':40s} buildings identical")
    first: set[bytes] = set()
    for tile_px in TILES_PX:
        frame = geoseg.predict(path, model=model, gsd_m=gsd_m, tile_px=tile_px, shape="simplified")
        found = set(frame.geometry.to_wkb())
        first = first or found
        share = len(found & first) / max(len(found), len(first))
        print(f"{f'geoseg, {tile_px} px tiles':40s} {len(found):9d} {share:9.2%}")


def memory() -> None:
    """Print the slope of the peak memory over the raster's area."""
    print(f"{'three maps':40s} bytes per pixel")
    with tempfile.TemporaryDirectory() as folder:
        paths = [_town(Path(folder, f"{height}.tif"), height) for height in HEIGHTS_PX]
        pixels = WIDTH_PX * (HEIGHTS_PX[1] - HEIGHTS_PX[0])
        for name in ("geoseg, raster to finished buildings", *SLOPES):
            peaks = [_peak_in_fresh_process(name, path) for path in paths]
            if None in peaks:
                print(f"{name:40s} not installed")
            else:
                print(f"{name:40s} {(peaks[1] - peaks[0]) * 1e6 / pixels:15.1f}")


def _peak_in_fresh_process(name: str, path: Path) -> float | None:
    command = [sys.executable, __file__, "--one", name, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _measure(name: str, path: Path) -> float | None:
    """Peak memory of this process, MB; a peer's after it has put the maps together."""
    model = PaintedModel()
    if name not in PEERS:
        geoseg.predict(path, path.with_suffix(".gpkg"), model=model, shape="simplified")
        return peak_rss_mb()
    try:
        PEERS[name].run(path, model)
    except ImportError:
        return None
    return peak_rss_mb()


def _show(name: str, maps: Maps, whole: Maps) -> None:
    difference = np.abs(maps - whole)
    flipped = np.mean((maps[0] >= 0.5) != (whole[0] >= 0.5))
    print(f"{name:40s} {difference.max():7.1e} {difference.mean():7.1e} {flipped:9.4%}")


def _cut(source: Path, target: Path) -> Path:
    """The photo's first rows, without loss."""
    with rasterio.open(source) as photo:
        profile = {
            "driver": "GTiff", "count": 3, "dtype": "uint8", "tiled": True, "crs": photo.crs,
            "transform": photo.transform, "width": photo.width, "height": ROWS_PX,
        }  # fmt: skip
        with rasterio.open(target, "w", **profile) as cut:
            cut.write(photo.read(window=Window(0, 0, photo.width, ROWS_PX)))
    return target


def _town(path: Path, height_px: int) -> Path:
    town, _ = paint_town(2048, WIDTH_PX)
    profile = {
        "driver": "GTiff", "count": 3, "dtype": "uint8", "tiled": True, "crs": "EPSG:32645",
        "transform": rasterio.Affine(0.3, 0, 352_000, 0, -0.3, 3_056_000), "width": WIDTH_PX,
        "height": height_px,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        for row_off in range(0, height_px, 2048):
            dataset.write(town, window=Window(0, row_off, WIDTH_PX, 2048))
    return path


def _grid(path: Path) -> Grid:
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        return mosaic.grid


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(_measure(sys.argv[2], Path(sys.argv[3]))))
    elif sys.argv[1:] == ["memory"]:
        memory()
    else:
        main()
