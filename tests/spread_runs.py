"""Models for worker processes, which import them by name, and what their runs are held against."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from painted import PaintedModel
from scipy import ndimage

import geoseg

OPTIONS: dict[str, Any] = {"tile_px": 48, "shape": "raw"}
"""For models of maps."""
OF_HOUSES: dict[str, Any] = {"tile_px": 128, "overlap_px": 32, "shape": "raw"}
"""For models of instances."""


def digest(buildings: Path | gpd.GeoDataFrame) -> str:
    """Of all columns and outlines, and nothing of how they came."""
    frame = buildings
    if isinstance(buildings, Path):
        frame = gpd.read_file(buildings, layer="buildings")
    return hashlib.sha256(frame.to_wkb(hex=True).to_csv().encode()).hexdigest()


class Houses:
    """An instance model: red that hangs together is a house."""

    version: ClassVar[str] = "1"
    gsd_m = None

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[geoseg.Instance]]:
        return [self._of(image[0]) for image in images]

    @staticmethod
    def _of(red: NDArray[np.uint8]) -> list[geoseg.Instance]:
        labels, _ = ndimage.label(red > 100)
        return [
            geoseg.Instance(labels[box] == number, box[0].start, box[1].start, 0.9)
            for number, box in enumerate(ndimage.find_objects(labels), 1)
        ]


class Mortal(PaintedModel):
    """Ends its process, as a lack of memory does, as long as a file is there."""

    def __init__(self, omen: Path) -> None:
        super().__init__()
        self.omen = omen

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self.omen.exists() and self.omen.stat().st_size < self.calls:
            os._exit(9)
        return super().predict_maps(images)


class MortalHouses(Houses):
    """The same, of masks."""

    def __init__(self, omen: Path) -> None:
        self.omen, self.calls = omen, 0

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[geoseg.Instance]]:
        self.calls += 1
        if self.omen.exists() and self.omen.stat().st_size < self.calls:
            os._exit(9)
        return super().predict_instances(images)


class Slow(PaintedModel):
    """Takes its time."""

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        time.sleep(0.05)
        return super().predict_maps(images)


class Once(PaintedModel):
    """Ends the first process that sees this mark missing, and no other."""

    def __init__(self, mark: Path) -> None:
        super().__init__()
        self.mark = mark

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        if _is_first(self.mark):
            os._exit(9)
        return super().predict_maps(images)


class Cut(PaintedModel):
    """Cuts the connection of the first worker of Dask that sees this mark missing to its scheduler."""

    def __init__(self, mark: Path) -> None:
        super().__init__()
        self.mark = mark

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        if _is_first(self.mark):
            _cut()
        return super().predict_maps(images)


class CutAll(PaintedModel):
    """Cuts every worker's connection."""

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        _cut()
        return super().predict_maps(images)


def _is_first(mark: Path) -> bool:
    """Whether nobody has left this mark, of two at once by one alone."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _cut() -> None:
    from distributed import get_worker

    worker = get_worker()
    worker.loop.add_callback(worker.batched_stream.comm.abort)


class FullDisk(PaintedModel):
    """Finds no room to write as long as a file is there, but for the first few calls."""

    def __init__(self, omen: Path) -> None:
        super().__init__()
        self.omen = omen

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self.omen.exists() and self.calls > 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().predict_maps(images)


class Twice(ThreadPoolExecutor):
    """Does everything twice, as a scheduler does that takes a slow worker for a lost one."""

    def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        super().submit(work, *args, **kwargs)
        return super().submit(work, *args, **kwargs)
