"""The network's processor time by runtime, side by side: ``python benchmarks/runtimes.py``.

Every round asks each runtime for the core of one tile of noise, in turn, so that a busy machine slows
all of them alike; what is printed is the median over the rounds, per MP of core and pass, and the largest
difference from torch's maps. ``--before FOLDER`` also asks an older checkout, in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from geoseg.machine import processor_kind
from geoseg.models import load_model
from geoseg.models.protocols import DenseModel, InstanceModel, PartModel
from geoseg.models.traits import Traits
from geoseg.types import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

CORE_PX = 768
BEFORE = """
import sys, time
import numpy as np
from statistics import median
from geoseg.models import load_model
from geoseg.types import Window
model, rounds, side = load_model("default", device="cpu"), int(sys.argv[1]), int(sys.argv[2])
core = side - 2 * model.halo_px
image = np.random.default_rng(0).integers(0, 256, (1, 3, side, side), dtype=np.uint8)
def took():
    began = time.process_time()
    model.predict_part(image, Window(model.halo_px, model.halo_px, core, core))
    return time.process_time() - began
took()
print(median(took() for _ in range(rounds)) / core ** 2 * 1e6)
"""


def main() -> None:
    """A line per runtime."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--core", type=int, default=CORE_PX, help="side, pixels")
    parser.add_argument(
        "--runtimes",
        nargs="+",
        default=["torch", "openvino", "openvino:int8"],
        help="and precision",
    )
    parser.add_argument("--model", default="default")
    parser.add_argument("--before", type=Path, help="a checkout of another version")
    asked = parser.parse_args()
    models = {name: _loaded(asked.model, name) for name in asked.runtimes}
    halo_px = Traits.of(models[asked.runtimes[0]]).halo_px or 0
    side = asked.core + 2 * halo_px
    image = np.random.default_rng(0).integers(0, 256, (1, 3, side, side), dtype=np.uint8)
    core = Window(halo_px, halo_px, asked.core, asked.core)
    maps = {name: _timed(model, image, core)[0] for name, model in models.items()}
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(asked.rounds):
        for name, model in models.items():
            seconds[name].append(_timed(model, image, core)[1])
    print(
        f"{processor_kind()}, {os.environ.get('OMP_NUM_THREADS', 'all')} threads, core {asked.core} px"
    )
    first = asked.runtimes[0]
    for name, model in models.items():
        per_mp = median(seconds[name]) / asked.core**2 * 1e6
        apart = float(np.abs(maps[name] - maps[first]).max())
        told = f"{Traits.of(model).runtime} {Traits.of(model).precision}"
        print(f"{told:26}{per_mp:6.2f} s/MP   {apart:.1e} from {first}")
    if asked.before:
        print(f"{asked.before.name:26}{_before(asked.before, asked.rounds, side):6.2f} s/MP")


def _loaded(model: str, name: str) -> DenseModel | InstanceModel:
    runtime, _, precision = name.partition(":")
    return load_model(model, device="cpu", runtime=runtime, precision=precision or "fp32")


def _timed(
    model: object, image: NDArray[np.uint8], core: Window
) -> tuple[NDArray[np.float32], float]:
    """The maps of the core, and how much processor time they took, seconds."""
    assert isinstance(model, PartModel)
    began = time.process_time()
    maps = model.predict_part(image, core)
    return maps, time.process_time() - began


def _before(folder: Path, rounds: int, side: int) -> float:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", BEFORE, str(rounds), str(side)]
    # The working folder comes before the path, and must not be this checkout.
    done = subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE)
    return float(done.stdout)


if __name__ == "__main__":
    main()
