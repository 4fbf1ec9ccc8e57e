"""What the first run ever compiles: which functions, for how many sets of types, and what each takes.

``python benchmarks/compiling.py [--against FOLDER] [--dearest 20]``: a run of ``geoseg predict`` over a piece of the example's
photo with no machine code kept, all in one process. Seconds are processor time of the thread that compiles, without what a
function makes compile beneath it; *LLVM* is optimising and making machine code, *Python* all that numba does before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from start import HERE, piece

WATCHED = r"""
import json, sys, time
from collections import Counter

import geoseg.kernels.jit
import geoseg.run.ahead as ahead

ahead.is_compiled = lambda: True  # no second process: every loop is compiled here

from numba.core import codegen, event

open_spans, took, types = [], Counter(), {}


def begin(name):
    open_spans.append([name, time.thread_time(), 0.0])


def end():
    name, began, beneath = open_spans.pop()
    lasted = time.thread_time() - began
    took[name] += lasted - beneath
    if open_spans:
        open_spans[-1][2] += lasted


class Passes(event.Listener):
    def on_start(self, seen):
        data = seen.data
        name = data["module"], data["qualname"]
        types.setdefault(name, set()).add(data["args"])
        begin((*name, "Python"))

    def on_end(self, seen):
        end()


def watched(owner, name):
    method = getattr(owner, name)

    def timed(*given, **named):
        begin((*(open_spans[-1][0][:2] if open_spans else ("", "")), "LLVM"))
        try:
            return method(*given, **named)
        finally:
            end()

    setattr(owner, name, timed)


event.register("numba:run_pass", Passes())
for step in ("_optimize_functions", "_optimize_final_module", "_finalize_final_module"):
    watched(codegen.CPUCodeLibrary, step)

from geoseg.cli import main

sys.argv = ["geoseg", "predict", sys.argv[1], sys.argv[2], "--overwrite", "--quiet"]
try:
    main()
except SystemExit:
    pass
found = [(*name, len(types[name]), took[*name, "Python"], took[*name, "LLVM"]) for name in types]
print("\n" + json.dumps(found))
"""


class Compiled(NamedTuple):
    """A function, the sets of types that it was compiled for, and what that took."""

    module: str
    name: str
    types: int
    python_s: float
    llvm_s: float

    @property
    def room(self) -> str:
        """Part of geoseg, or numba for what loops call of it."""
        first, *later = self.module.split(".")
        return later[0] if first == "geoseg" else first


def first_run(checkout: Path, raster: str, folder: Path) -> list[Compiled]:
    """What a first run compiles."""
    kept = tempfile.mkdtemp(dir=folder)
    environment = {"PYTHONPATH": str(checkout), "NUMBA_CACHE_DIR": kept, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, raster, str(folder / "c.gpkg")],
        cwd=checkout, env=os.environ | environment, stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    return [Compiled(*one) for one in json.loads(done.stdout.splitlines()[-1])]


def told(compiled: list[Compiled], dearest: int) -> str:
    """A table by room, what was compiled more than once, and the dearest functions."""
    rooms: dict[str, Counter[str]] = defaultdict(Counter)
    for one in compiled:
        for room in (one.room, "all"):
            rooms[room].update(functions=1, types=one.types, python=one.python_s, llvm=one.llvm_s)
    lines = [f"{'':12s} functions  sets of types   Python     LLVM"]
    for room, of in sorted(rooms.items()):
        lines.append(
            f"{room:12s} {of['functions']:9d} {of['types']:14d} {of['python']:6.1f} s {of['llvm']:6.1f} s"
        )
    again = [f"{one.module}.{one.name} {one.types}" for one in compiled if one.types > 1]
    lines += [
        "for more than one set of types:",
        *(f"  {line}" for line in sorted(again)),
        "dearest:",
    ]
    by_cost = sorted(compiled, key=lambda one: -one.python_s - one.llvm_s)
    for one in by_cost[:dearest]:
        lines.append(f"  {one.python_s:5.2f} s {one.llvm_s:5.2f} s  {one.module}.{one.name}")
    return "\n".join(lines)


def main() -> None:
    """Print the tables of this checkout, and of another one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--dearest", type=int, default=20, help="how many functions to name")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        raster = piece(Path(name))
        for checkout in [HERE, *([given.against.absolute()] if given.against else [])]:
            print(
                f"{checkout}\n{told(first_run(checkout, raster, Path(name)), given.dearest)}\n",
                flush=True,
            )


if __name__ == "__main__":
    main()
