"""What a tile of the built-in model costs on the processor: ``python benchmarks/speed.py [CORE ...]``.

For every side of a tile's core, processor seconds per megapixel *of core* and peak memory above that
of the loaded process, side by side:

- *plain*: the network as it was trained, the whole tile computed, memory asked for as malloc likes;
- *geoseg*: batch norms folded, the decoder cut to the core, freed memory kept.

Each runs in a process of its own, on one thread, in turn; the best of the rounds counts. The maps of
both are compared as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from geoseg.machine import peak_rss_mb

PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"
CORES_PX = (512, 768, 1024)
ROUNDS = 2
LEAST_MP = 1.5
"""Every round computes at least so many megapixels of core."""


def main(cores_px: list[int]) -> None:
    """Print a line per size."""
    print("           plain             geoseg            ratio        largest")
    print(" core tile   s/MP     MB      s/MP     MB    time  memory  difference")
    for core_px in cores_px:
        rounds = [[_run(way, core_px) for way in ("plain", "geoseg")] for _ in range(ROUNDS)]
        plain_s, our_s = _best(rounds, "s_per_mp")
        plain_mb, our_mb = _best(rounds, "peak_mb")
        difference = max(abs(a - b) for a, b in zip(*(t["sample"] for t in rounds[0]), strict=True))
        print(
            f"{core_px:5d} {rounds[0][0]['tile_px']:4d} {plain_s:6.2f} {plain_mb:6.0f}"
            f"    {our_s:6.2f} {our_mb:6.0f}  {plain_s / our_s:6.2f}x {plain_mb / our_mb:6.2f}x"
            f"  {difference:10.1e}",
            flush=True,
        )


def _best(rounds: list[list[dict[str, Any]]], key: str) -> list[float]:
    """The least of the rounds, per way."""
    return [min(told[key] for told in way) for way in zip(*rounds, strict=True)]


def _run(way: str, core_px: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", way, str(core_px)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def measure(way: str, core_px: int) -> None:
    """Run one way and print what it took; called in a fresh process."""
    from geoseg.machine import keep_freed_memory
    from geoseg.models import load_model
    from geoseg.types import Window

    model = load_model("default", device="cpu", runtime="torch", precision="fp32")
    if way == "plain":
        _unfold(model)
    else:
        keep_freed_memory()
    halo = model.halo_px
    tile = photo(core_px + 2 * halo)
    core = Window(halo, halo, core_px, core_px)

    def maps(image: NDArray[np.uint8], part: Window) -> NDArray[np.float32]:
        if way == "geoseg":
            return model.predict_part(image[None], part)[0]
        return model.predict_maps(image[None])[0][:, *_slices(part)]

    maps(tile[:, :64, :64], Window(0, 0, 64, 64))
    before_mb, began, done_px = peak_rss_mb(), time.process_time(), 0
    while done_px < LEAST_MP * 1e6:
        answer = maps(tile, core)
        done_px += core_px**2
    seconds = time.process_time() - began
    told = {
        "tile_px": core_px + 2 * halo,
        "s_per_mp": seconds / (done_px / 1e6),
        "peak_mb": peak_rss_mb() - before_mb,
        "sample": answer[:, ::31, ::31].ravel().tolist(),
    }
    print(json.dumps(told))


def photo(side_px: int) -> NDArray[np.uint8]:
    """(3, side_px, side_px) of the example photo, repeated."""
    with rasterio.open(PHOTO) as dataset:
        once = dataset.read()
    times = [-(-side_px // side) for side in once.shape[1:]]
    return np.ascontiguousarray(np.tile(once, (1, *times))[:, :side_px, :side_px])


def _unfold(model: object) -> None:
    """Put the network in as it was trained, and let it compute whole tiles."""
    import torch

    from geoseg.models import DEFAULT_WEIGHTS
    from geoseg.models.network import build_network
    from geoseg.models.weights import load_weights

    state, metadata = load_weights(DEFAULT_WEIGHTS)
    network = build_network(metadata.architecture)
    network.load_state_dict(state)
    network = network.eval().requires_grad_(requires_grad=False)
    model.network = network.to(memory_format=torch.channels_last)
    model._can_be_cut = False  # noqa: SLF001 - the shortcut is what is measured


def _slices(part: object) -> tuple[slice, slice]:
    return slice(part.row_off, part.row_end), slice(part.col_off, part.col_end)


if __name__ == "__main__":
    if "--one" in sys.argv:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        main([int(side) for side in sys.argv[1:]] or list(CORES_PX))
