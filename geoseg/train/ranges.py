"""Measure what int8 needs: ``python -m geoseg.train.ranges MODEL SCENES -o OUT``.

Cuts one chip out of every training scene, at the pixel size of prediction, and notes at every place in the network
whose maps int8 rounds how large values get and what they are on average, channel by channel. The same
scenes give the same numbers. They go into the file beside the weights that they belong to; weights averaged from these
start without any. Training and tuning measure on ``CHIPS`` chips, which takes seconds.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from geoseg.earth.gsd import target_gsd_m
from geoseg.errors import DatasetError, GeosegError, ModelError
from geoseg.models.extras import INT8_OF_ANOTHER, is_installed
from geoseg.models.loading import dense_file
from geoseg.models.measured import Measured, as_tensors, measured_in, network_alone
from geoseg.models.runtimes.graph import build_graph, can_be_built
from geoseg.models.runtimes.library import core, openvino, operations
from geoseg.models.runtimes.rounding import Watched
from geoseg.models.weights import Metadata, load_arrays, save_weights
from geoseg.scenes.scene import files_of_split, load_scene
from geoseg.train.validation import resample_scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.scenes.scene import Scene

    Tensors = dict[str, NDArray[np.generic]]

T = TypeVar("T")

_log = logging.getLogger(__name__)

CHIP_PX = 256
CHIPS = 32
"""How many training and tuning look at: the same number of few scenes and of many."""
SEED = 3
SHARE = 0.9999
"""Of the values in a chip that are not cut off."""


def measure_ranges(model: str | Path, scenes: Path, output: Path) -> None:
    """Write the model with what was measured of it on scenes to learn from.

    Args:
        model: "default" or a model file.
        scenes: Folder of packed scenes.
        output: Model file to write; may be the same.

    Raises:
        ModelError: it is no model file, or none that int8 is for.
        DatasetError: the folder holds no scene to learn from.
    """
    path = dense_file(model)
    arrays, metadata = load_arrays(path)
    if not can_be_built(metadata.architecture):
        raise ModelError(INT8_OF_ANOTHER.format(path=path, advice="nothing was measured"))
    tensors = network_alone(arrays)
    files = files_of_split(scenes, "train")
    if not files:
        raise DatasetError(
            f"{scenes} holds no scene of the split 'train' to measure on; give a folder with some"
        )
    measured = measured_on(tensors, metadata, chips_of(map(load_scene, files), metadata))
    save_weights(tensors | as_tensors(measured), metadata, output)


def with_ranges(tensors: Tensors, metadata: Metadata, scenes: Iterable[Scene]) -> Tensors:
    """The tensors, with what int8 needs, measured on some scenes, where int8 is for the network and lacks it.

    What cannot be measured is told and left out: a model does without int8.

    Args:
        tensors: as a model file holds them.
        metadata: of the same file.
        scenes: to measure on, read where that is done.
    """
    built = can_be_built(metadata.architecture) and is_installed("openvino")
    if not built or measured_in(tensors):
        return tensors
    try:
        return tensors | as_tensors(measured_on(tensors, metadata, chips_of(scenes, metadata)))
    except ModelError as error:
        _log.warning("%s cannot run in int8: %s", metadata.name, error)
        return tensors


def scenes_for_ranges(folder: Path, split: str) -> Iterator[Scene]:
    """``CHIPS`` of a folder, read one by one: those to learn from, or of this split where there are none."""
    files = files_of_split(folder, "train") or files_of_split(folder, split)
    return map(lru_cache(maxsize=1)(load_scene), evenly(files))


def evenly(things: Sequence[T]) -> list[T]:
    """``CHIPS`` of them, from the first to the last, one as often as another or once more."""
    return [things[number * len(things) // CHIPS] for number in range(CHIPS)]


def measured_on(
    tensors: Tensors, metadata: Metadata, chips: Iterable[NDArray[np.uint8]]
) -> dict[str, Measured]:
    """What maps are like at every place that int8 rounds.

    Args:
        tensors: of the network.
        metadata: of the same file.
        chips: each (3, CHIP_PX, CHIP_PX).
    """
    watched = Watched()
    graph = build_graph(tensors, metadata, watched)
    results = [operations().result(place) for place in watched.places.values()]
    watching = openvino().Model(results, graph.get_parameters(), metadata.name)
    watching.reshape([1, len(metadata.mean), CHIP_PX, CHIP_PX])
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = core().compile_model(watching, "CPU", settings)
    largest: dict[str, list[float]] = {name: [] for name in watched.places}
    means: dict[str, list[NDArray[np.float64]]] = {name: [] for name in watched.places}
    for chip in chips:
        answers = compiled(chip[None])
        for name, port in zip(watched.places, compiled.outputs, strict=True):
            maps = answers[port][0]  # (channels, height, width)
            means[name].append(maps.mean(axis=(1, 2), dtype=np.float64))
            if name not in watched.known:
                largest[name].append(float(np.quantile(np.abs(maps), SHARE)))
    return {
        name: Measured(
            watched.known.get(name) or float(np.mean(largest[name])),
            np.mean(means[name], axis=0).astype(np.float32),
        )
        for name in watched.places
    }


def chips_of(scenes: Iterable[Scene], metadata: Metadata) -> list[NDArray[np.uint8]]:
    """One of every scene that is large enough, (3, CHIP_PX, CHIP_PX) at the pixel size of prediction.

    Where none is, one of every scene, mirrored at its ends.
    """
    rng = np.random.default_rng(SEED)
    cut = [_cut(scene, metadata, rng) for scene in scenes]
    large = [chip for chip in cut if min(chip.shape[:2]) == CHIP_PX]
    return [np.ascontiguousarray(np.moveaxis(_filled(chip), 2, 0)) for chip in large or cut]


def _cut(scene: Scene, metadata: Metadata, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(height, width, 3), of CHIP_PX each or what the scene has."""
    gsd_m = target_gsd_m(scene.gsd_m, metadata.gsd_m, None)
    side = round((CHIP_PX + 2) * gsd_m / scene.gsd_m)
    row, col = (int(rng.integers(0, max(1, length - side))) for length in scene.labels.shape)
    part = scene.part(slice(row, row + side), slice(col, col + side))
    return resample_scene(part, (gsd_m, gsd_m)).image[:CHIP_PX, :CHIP_PX]


def _filled(chip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(CHIP_PX, CHIP_PX, 3)."""
    height, width = chip.shape[:2]
    return np.pad(chip, ((0, CHIP_PX - height), (0, CHIP_PX - width), (0, 0)), "symmetric")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m geoseg.train.ranges")
    parser.add_argument("model", help="default, or a model file")
    parser.add_argument("scenes", type=Path, help="folder of packed scenes")
    parser.add_argument("-o", "--output", required=True, type=Path)
    arguments = parser.parse_args()
    try:
        measure_ranges(arguments.model, arguments.scenes, arguments.output)
    except GeosegError as error:
        parser.exit(1, f"{error}\n")
