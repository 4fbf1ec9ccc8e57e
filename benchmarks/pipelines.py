"""From a raster to polygons by geoseg and by peers, with the same network in torch.

``python benchmarks/pipelines.py RASTER [--runs 3]``: the built-in network, one view, torch, at the raster's own
pixels, no matter who calls it; every run is a process of its own. *geoai* is geoai-py's
``semantic_inference_on_geotiff`` with its default windows, its ``raster_to_vector`` and, as drawing, its
``orthogonalize``; *torchgeo* is the recipe of its documentation: ``RasterDataset``, ``GridGeoSampler`` with windows
that overlap by twice the halo, of which the middles are kept, and ``rasterio.features.shapes``. *by itself* is geoseg
in the runtime and precision that it takes without being asked. Those that are not installed are left out. Prints wall
and processor time per megapixel, medians, and the ratios to geoseg.

geoseg parts buildings that touch, measures them, and gives the same outlines for any tiles; neither peer does.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.features import shapes

from geoseg.models.torchvision_repair import ensure_torchvision

if TYPE_CHECKING:
    from torch import Tensor, nn

    from geoseg.settings import Runtime

WINDOW_PX = 512
HALO_PX = 208
"""The network's."""
BATCH = 4


def network() -> nn.Module:
    """(batch, 3, h, w) colours from 0 to 1 to the logits of two classes, ground and building."""
    import torch

    from geoseg.models.dense import TorchDenseModel
    from geoseg.models.loading import model_file

    model = TorchDenseModel.from_file(model_file("default"), device="cpu")
    mean, std = model.metadata.mean, model.metadata.std

    class TwoClasses(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.maps = model.network
            self.mean = torch.tensor(mean).view(1, 3, 1, 1)
            self.std = torch.tensor(std).view(1, 3, 1, 1)

        def forward(self, images: Tensor) -> Tensor:
            body = self.maps((images - self.mean) / self.std)[:, :1]
            return torch.cat([torch.zeros_like(body), body], 1)

    return TwoClasses().eval()


def by_geoseg(raster: Path, output: Path, runtime: Runtime = "torch") -> int:
    """Everything that ``geoseg predict`` does, in its own outlines."""
    from pyproj import CRS

    import geoseg
    from geoseg.earth.ground import affine_mapping, pixel_size

    with rasterio.open(raster) as opened:
        middle = opened.width / 2, opened.height / 2
        gsd_m = pixel_size(CRS(opened.crs), affine_mapping(opened.transform), *middle).gsd_m
    done = geoseg.predict(raster, output, runtime=runtime, tta=False, gsd_m=gsd_m, device="cpu")
    return done.buildings


def by_geoseg_itself(raster: Path, output: Path) -> int:
    """The same in the runtime and the precision that it takes by itself."""
    return by_geoseg(raster, output, "auto")


def by_geoai(raster: Path, output: Path) -> int:
    """Masks, polygons and right angles by geoai's own functions."""
    _without_web_maps("leafmap")
    from geoai.train import semantic_inference_on_geotiff
    from geoai.utils import orthogonalize, raster_to_vector

    mask = output.with_suffix(".mask.tif")
    semantic_inference_on_geotiff(network(), str(raster), str(mask), quiet=True)
    raster_to_vector(str(mask), str(output), min_area=10)
    return len(orthogonalize(str(mask), str(output.with_suffix(".geojson"))))


def by_torchgeo(raster: Path, output: Path) -> int:
    """Windows by torchgeo's sampler, masks put together, polygons along the cracks by GDAL."""
    import geopandas as gpd
    import torch
    from shapely.geometry import shape
    from torch.utils.data import DataLoader
    from torchgeo.datasets import RasterDataset, stack_samples
    from torchgeo.samplers import GridGeoSampler

    class Photo(RasterDataset):  # type: ignore[misc]
        filename_glob = raster.name
        is_image = True

    photo, model = Photo(str(raster.parent)), network()
    size = WINDOW_PX + 2 * HALO_PX
    sampler = GridGeoSampler(photo, size=size, stride=WINDOW_PX)
    with rasterio.open(raster) as opened, torch.no_grad():
        building = np.zeros(opened.shape, np.uint8)
        for batch in DataLoader(photo, BATCH, sampler=sampler, collate_fn=stack_samples):
            found = model(batch["image"][:, :3] / 255).argmax(1).numpy().astype(np.uint8)
            for mask, place in zip(found, _corners(batch, opened.transform), strict=True):
                _put_middle(building, mask, *place)
        polygons = [
            shape(one) for one, _ in shapes(building, building > 0, transform=opened.transform)
        ]
        gpd.GeoDataFrame(geometry=polygons, crs=opened.crs).to_file(output)
    return len(polygons)


def _corners(batch: dict[str, Any], transform: rasterio.Affine) -> list[tuple[int, int]]:
    """Row and column of every window's first pixel; torchgeo gives slices of x and y, as of 0.8."""
    places = [~transform * (x.start, y.stop) for x, y, *_ in batch["bounds"]]
    return [(round(row), round(column)) for column, row in places]


def _put_middle(building: np.ndarray, mask: np.ndarray, row: int, column: int) -> None:
    """Write a window without its halo, which stays where the raster ends."""
    top, left = max(0, row + HALO_PX * (row > 0)), max(0, column + HALO_PX * (column > 0))
    part = mask[top - row :, left - column :]
    room = building[top : row + mask.shape[0], left : column + mask.shape[1]]
    room[...] = part[: room.shape[0], : room.shape[1]]


PIPELINES = {
    "geoseg": by_geoseg,
    "by itself": by_geoseg_itself,
    "geoai": by_geoai,
    "torchgeo": by_torchgeo,
}


def _without_web_maps(name: str) -> None:
    """Geoai imports a package for maps in notebooks, which nothing here calls; its many needs may be missing."""
    with suppress(Exception):
        importlib.import_module(name)
        return
    sys.modules[name] = ModuleType(name)


def one_run(name: str, raster: Path) -> None:
    """Print seconds of wall and processor time without the imports, and the number of polygons."""
    ensure_torchvision()
    with tempfile.TemporaryDirectory() as folder:
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        polygons = PIPELINES[name](raster, Path(folder) / "found.gpkg")
        after = resource.getrusage(resource.RUSAGE_SELF)
        wall_s = time.perf_counter() - began
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{wall_s} {cpu_s} {after.ru_maxrss / 1024} {polygons}")


def main() -> None:
    """Print a line per pipeline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raster", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=PIPELINES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        one_run(asked.only, asked.raster.absolute())
        return
    with rasterio.open(asked.raster) as opened:
        megapixels = opened.width * opened.height / 1e6
    taken = all_runs(asked.raster, asked.runs)
    print(
        f"{'':10s} {'wall s/MP':>9s} {'cpu s/MP':>9s} {'MB':>6s} polygons   of geoseg's: wall, cpu"
    )
    first = taken["geoseg"]
    for name, (wall_s, cpu_s, rss_mb, polygons) in taken.items():
        shown = (
            f"{wall_s / megapixels:9.2f} {cpu_s / megapixels:9.2f} {rss_mb:6.0f} {polygons:8.0f}"
        )
        print(f"{name:10s} {shown}   {wall_s / first[0]:.2f} {cpu_s / first[1]:.2f}")


def all_runs(raster: Path, runs: int) -> dict[str, list[float]]:
    """Pipeline to the medians of its runs, which take turns."""
    taken: dict[str, list[list[float]]] = {}
    for _ in range(runs):
        for name in PIPELINES:
            command = [sys.executable, __file__, str(raster), "--only", name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name} left out: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
                continue
            numbers = [float(word) for word in done.stdout.splitlines()[-1].split()]
            taken.setdefault(name, []).append(numbers)
    return {
        name: [median(column) for column in zip(*all_, strict=True)] for name, all_ in taken.items()
    }


if __name__ == "__main__":
    main()
