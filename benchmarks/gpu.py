"""What a GPU brings, in about ten minutes: ``python benchmarks/gpu.py [--device cuda] [--output FILE.json]``.

Ready, and never run on a GPU so far: none was at hand. With ``--device cpu --core 128 --megapixels 0.3`` it runs
anywhere, to see that it does. Prints, and writes as JSON:

- *same maps*: largest difference from torch's maps on the processor, and share of grey levels that differ; whether a
  window that begins elsewhere, and the same window twice, give the same bits;
- *network*: megapixels of core per second by precision and layout in memory, and with the launches of all kernels
  recorded once (CUDA graphs); what no option of geoseg's asks for yet is marked *trial*;
- *copies*: gigabytes per second to the device from usual and from pinned memory;
- *runs*: ``geoseg.predict`` over a photo put together from the example's, by precision and tiles per call: wall
  time, the network's share, memory of the device, and whether the buildings are those of the processor.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from large_raster import mirrored, photo, repeats, write
from numpy.typing import NDArray

import geoseg
from geoseg.models import load_model
from geoseg.models.asking import quantize
from geoseg.settings import Precision
from geoseg.types import Window

ROUNDS = 10
BATCHES = (1, 4, 8)
"""Tiles per call."""


def main() -> None:
    """Print each part as it is done."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--core", type=int, default=768, help="side of a tile's core, pixels")
    parser.add_argument("--megapixels", type=float, default=60.0, help="of the runs, at least")
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    told: dict[str, Any] = {"machine": machine(asked.device)}
    print(json.dumps(told["machine"]), flush=True)
    parts: dict[str, Callable[[], Any]] = {
        "same maps": lambda: list(same_maps(asked.device, asked.core)),
        "network": lambda: list(network(asked.device, asked.core)),
        "copies": lambda: copies(asked.device),
        "runs": lambda: list(runs(asked.device, asked.megapixels)),
    }
    for name, part in parts.items():
        began = time.perf_counter()
        told[name] = part()
        print(f"{name} ({time.perf_counter() - began:.0f} s)")
        for row in told[name]:
            print("  ", json.dumps(row), flush=True)
        if asked.output:
            asked.output.write_text(json.dumps(told, indent=1), encoding="utf-8")


def machine(device: str) -> dict[str, Any]:
    """What it is."""
    on_cuda = device.startswith("cuda")
    return {
        "device": torch.cuda.get_device_name(device) if on_cuda else device,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if on_cuda else None,
        "geoseg": geoseg.__version__,
    }


def on_gpu(device: str) -> bool:
    """Processors imitate the lower precisions, some for minutes."""
    return device != "cpu"


def precisions(device: str) -> tuple[Precision, ...]:
    """Those to try."""
    return ("fp32", "bf16") if on_gpu(device) else ("fp32",)


def waited(device: str) -> None:
    """Until the device has done all that it was told."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def tile(core_px: int, halo_px: int) -> NDArray[np.uint8]:
    """(1, 3, side, side) of the photo."""
    side = core_px + 2 * halo_px
    pixels = photo()[0]
    times = [-(-side // each) for each in pixels.shape[1:]]
    return np.ascontiguousarray(mirrored(pixels, *times)[None, :, :side, :side])


def same_maps(device: str, core_px: int) -> Iterator[dict[str, Any]]:
    """Whether a GPU sees what a processor sees, and the same every time."""
    home = load_model("default", device="cpu", runtime="torch", precision="fp32")
    halo, stride = home.halo_px, home.stride_px
    image = tile(core_px, halo)
    core = Window(halo, halo, core_px, core_px)
    right = home.predict_part(image, core)
    # One stride fewer on the left: the same pixels in another place of another window.
    moved = np.ascontiguousarray(image[..., stride:])
    inner = Window(halo, halo, core_px, core_px - stride)
    for precision in precisions(device):
        model = load_model("default", device=device, runtime="torch", precision=precision)
        maps = model.predict_part(image, core)
        yield {
            "precision": precision,
            "largest difference": float(np.abs(maps - right).max()),
            "grey levels that differ": float((quantize(maps) != quantize(right)).mean()),
            "again the same bits": bool(np.array_equal(maps, model.predict_part(image, core))),
            "elsewhere, largest difference": float(
                np.abs(model.predict_part(moved, inner) - maps[..., stride:]).max()
            ),
        }


def network(device: str, core_px: int) -> Iterator[dict[str, Any]]:
    """Speed of the network by all that could make it quicker."""
    for precision in precisions(device):
        model = load_model("default", device=device, runtime="torch", precision=precision)
        halo = model.halo_px
        image, core = tile(core_px, halo), Window(halo, halo, core_px, core_px)
        seconds = timed(lambda m=model, i=image, c=core: m.predict_part(i, c), device)
        yield {"way": f"geoseg, {precision}", "MP/s": core_px**2 / 1e6 / seconds}
    plain = model.network
    side = core_px + 2 * halo
    for layout in (torch.channels_last, torch.contiguous_format):
        for dtype in (torch.float32, torch.float16, torch.bfloat16)[: 3 if on_gpu(device) else 1]:
            name = f"trial, whole tile, {dtype}, {layout}".replace("torch.", "")
            net = plain.to(memory_format=layout)
            given = torch.randn(1, 3, side, side, device=device).to(memory_format=layout)
            for recorded in (False, True):
                call = forward(net, given, dtype, device, recorded=recorded)
                if call is not None:
                    speed = core_px**2 / 1e6 / timed(call, device)
                    yield {"way": name + ", recorded" * recorded, "MP/s": speed}


def forward(
    net: torch.nn.Module, given: torch.Tensor, dtype: torch.dtype, device: str, *, recorded: bool
) -> Callable[[], Any] | None:
    """A pass of the network over a tensor that is there; None where it cannot be recorded."""
    low = dtype is not torch.float32

    @torch.inference_mode()
    def once() -> torch.Tensor:
        with torch.autocast(torch.device(device).type, dtype) if low else nullcontext():
            answer: torch.Tensor = net(given)
            return answer

    if not recorded:
        return once
    if not device.startswith("cuda"):
        return None
    side_stream = torch.cuda.Stream()
    side_stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side_stream):  # libraries choose their ways before the recording
        for _ in range(3):
            once()
    torch.cuda.current_stream().wait_stream(side_stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        once()
    return graph.replay


def timed(call: Callable[[], Any], device: str) -> float:
    """Seconds of one call; the best of some rounds, after one that warms up."""
    taken = []
    for _ in range(ROUNDS + 1 if device.startswith("cuda") else 2):
        waited(device)
        began = time.perf_counter()
        call()
        waited(device)
        taken.append(time.perf_counter() - began)
    return min(taken[1:])


def copies(device: str) -> list[dict[str, Any]]:
    """How fast pixels get there; a tile of 1184 pixels is 4 megabytes."""
    if not on_gpu(device):
        return []
    usual = torch.zeros(1 << 28, dtype=torch.uint8)
    ways = {"usual memory": usual}
    if device.startswith("cuda"):
        ways["pinned memory"] = usual.pin_memory()
    return [
        {"from": name, "GB/s": 2**28 / 1e9 / timed(lambda m=memory: m.to(device), device)}
        for name, memory in ways.items()
    ]


def runs(device: str, megapixels: float) -> Iterator[dict[str, Any]]:
    """Whole runs, the processor's first."""
    pixels, profile = photo()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times = repeats(pixels.shape[1], pixels.shape[2], megapixels)
        raster = write(folder / "large.tif", mirrored(pixels, *times), profile)
        small = write(folder / "small.tif", pixels[:, :512, :512], profile)
        right = geoseg.predict(small, device="cpu", runtime="torch")
        for precision in precisions(device):
            same = geoseg.predict(small, device=device, runtime="torch", precision=precision)
            equal = same.geometry.equals(right.geometry) and len(same) == len(right)
            for batch in BATCHES:
                if device.startswith("cuda"):
                    torch.cuda.reset_peak_memory_stats(device)
                done = geoseg.predict(
                    raster, folder / "out.gpkg", device=device, runtime="torch", batch=batch,
                    precision=precision, overwrite=True,
                )  # fmt: skip
                seconds = done.seconds
                yield {
                    "precision": precision,
                    "tiles per call": batch,
                    "seconds": seconds["total"],
                    "MP/s": done.megapixels / seconds["total"],
                    "network's share": seconds["model"] / seconds["total"],
                    "finishing, seconds": seconds["vectorize"],
                    "GB on the device": memory_gb(device),
                    "buildings": done.buildings,
                    "small piece as on the processor": bool(equal),
                }


def memory_gb(device: str) -> float | None:
    """Most that was held there."""
    return torch.cuda.max_memory_allocated(device) / 1e9 if device.startswith("cuda") else None


if __name__ == "__main__":
    main()
