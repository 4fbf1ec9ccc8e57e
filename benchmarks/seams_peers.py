"""Peers that run a network over tiles and blend the maps, each as its own documentation shows.

Every function reads a raster, shows its tiles to the model and returns the maps of the whole raster,
(heads, height, width). Libraries are imported inside: a peer that is not there raises ImportError.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from geoseg.models.protocols import DenseModel

Maps = NDArray[np.float32]
Peer = Callable[[Path, DenseModel], Maps]


def read(path: Path) -> NDArray[np.uint8]:
    """(3, height, width)."""
    with rasterio.open(path) as dataset:
        return dataset.read()


def tiler(path: Path, model: DenseModel, *, tile_px: int) -> Maps:
    """Quick start of the README: no overlap, all weights one."""
    from tiler import Merger, Tiler

    image = read(path)
    cut = Tiler(data_shape=image.shape, tile_shape=(3, tile_px, tile_px), channel_dimension=0)
    merger = Merger(cut)
    for number, tile in cut(image):
        merger.add(number, model.predict_maps(tile[None])[0])
    return merger.merge()


def tiler_padded(
    path: Path, model: DenseModel, *, tile_px: int, overlap_px: int, window: str
) -> Maps:
    """With a window function and the padding of ``Tiler.calculate_padding``'s documentation."""
    from tiler import Merger, Tiler

    image = read(path)
    cut = Tiler(
        data_shape=image.shape,
        tile_shape=(3, tile_px, tile_px),
        overlap=(0, overlap_px, overlap_px),
        channel_dimension=0,
    )
    size, padding = cut.calculate_padding()
    size[0], padding[0] = len(image), (0, 0)
    cut.recalculate(data_shape=size)
    merger = Merger(cut, window=window)
    for number, tile in cut(np.pad(image, padding, mode="reflect")):
        merger.add(number, model.predict_maps(tile[None])[0])
    return merger.merge(extra_padding=padding)


def toolbelt(path: Path, model: DenseModel, *, weight: str) -> Maps:
    """Sizes of the README: 512 px tiles, 256 px apart."""
    import torch

    from geoseg.models.torchvision_repair import ensure_torchvision

    ensure_torchvision()
    from pytorch_toolbelt.inference.tiles import ImageSlicer, TileMerger

    image = np.moveaxis(read(path), 0, -1)  # (height, width, 3)
    slicer = ImageSlicer(image.shape, tile_size=512, tile_step=256, weight=weight)
    merger = TileMerger(slicer.target_shape, len(model.heads), slicer.weight)
    for tile, place in slicer.iter_split(image):
        maps = model.predict_maps(np.moveaxis(tile, -1, 0)[None])
        merger.integrate_batch(torch.from_numpy(maps), place[None])
    merged = np.moveaxis(merger.merge_().numpy(), 0, -1)
    return np.moveaxis(slicer.crop_to_orignal_size(merged), -1, 0)


def empatches(path: Path, model: DenseModel, *, mode: str) -> Maps:
    """Sizes of the README: 512 px patches, 20 % overlap."""
    from empatches import EMPatches

    image = np.moveaxis(read(path), 0, -1)  # (height, width, 3)
    patches, places = EMPatches().extract_patches(image, patchsize=512, overlap=0.2)
    answers = [model.predict_maps(np.moveaxis(patch, -1, 0)[None])[0] for patch in patches]
    moved = [np.moveaxis(answer, 0, -1) for answer in answers]
    return np.moveaxis(EMPatches().merge_patches(moved, places, mode=mode), -1, 0)


def geoai(path: Path, model: DenseModel, **options: Any) -> Maps:
    """``predict_geotiff``; its defaults are 256 px tiles, 64 px overlap, spline windows."""
    import torch

    from geoseg.models.torchvision_repair import ensure_torchvision

    ensure_torchvision()
    from geoai.inference import predict_geotiff

    class Network(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(model.predict_maps(images.byte().numpy()))

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "maps.tif")
        predict_geotiff(
            Network(), str(path), str(output), num_classes=len(model.heads), device="cpu",
            preprocess_fn=np.float32, verbose=False, **options,
        )  # fmt: skip
        return read(output)


@dataclass(frozen=True, slots=True)
class Row:
    """One peer with one choice of sizes."""

    run: Peer
    """Raster and model to maps."""
    padding_px: int = 0
    """Pixels that it mirrors beyond every border of the image."""


def _padded(tile_px: int, overlap_px: int, window: str) -> Row:
    run = partial(tiler_padded, tile_px=tile_px, overlap_px=overlap_px, window=window)
    return Row(run, max(tile_px - overlap_px, overlap_px) // 2)


PEERS = {
    "tiler, defaults (256 px tiles)": Row(partial(tiler, tile_px=256)),
    "tiler, hann 512/256": _padded(512, 256, "hann"),
    "tiler, overlap-tile 512/256": _padded(512, 256, "overlap-tile"),
    "pytorch-toolbelt, README 512/256, mean": Row(partial(toolbelt, weight="mean")),
    "pytorch-toolbelt, 512/256, pyramid": Row(partial(toolbelt, weight="pyramid")),
    "empatches, README 512/20 %, overwrite": Row(partial(empatches, mode="overwrite")),
    "empatches, 512/20 %, avg": Row(partial(empatches, mode="avg")),
    "geoai, defaults (256/64, spline)": Row(geoai),
    "geoai, 512/256, spline": Row(partial(geoai, tile_size=512, overlap=256)),
}
"""Tile and overlap in pixels. First what the documentation shows, then the best that is offered."""


def with_halo(halo_px: int) -> dict[str, Row]:
    """What a user gets who knows the network's halo and stride and chooses sizes by them."""
    overlap_px = 2 * halo_px
    return {f"tiler, overlap-tile 1024/{overlap_px}": _padded(1024, overlap_px, "overlap-tile")}
