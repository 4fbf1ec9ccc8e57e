"""What is compiled ahead is what drawing takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
import numpy as np
from clusters import cluster_of
from geoseg.footprints import FootprintSettings, draw_all
from geoseg.shaping import rehearsal

def compiled():
    modules = [module for name, module in sys.modules.items() if name.startswith("geoseg.shaping.")]
    called = {loop for module in modules for loop in vars(module).values() if hasattr(loop, "py_func")}
    return {
        f"{loop.py_func.__module__}.{loop.py_func.__name__}": set(loop.signatures)
        for loop in called if "no_cpython_wrapper" not in loop.targetoptions
    }

rehearsal.rehearse()
rehearsed = compiled()
row, col = np.mgrid[:40, :60]
noise = np.random.default_rng(0).integers(-1, 2, 60)
plan = np.where((row > 4) & (row + noise < 30) & (col > 4) & (col + row // 3 < 54), 9 + col // 16, -1)
draw_all([cluster_of(plan)], FootprintSettings())
print(sorted(name for name, signatures in rehearsed.items() if not signatures))
print(sorted(name for name, signatures in compiled().items() if signatures - rehearsed[name]))
print(len(rehearsed) > 20)
"""


@pytest.mark.thorough
def test_the_rehearsal_takes_all_loops_of_straight_walls_as_drawing_does() -> None:
    folder = Path(__file__).parents[1]
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r}){CODE}"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    # Where a layer's noise is learnt bays are looked for and walls fitted once more, not where drawing what was found.
    learnt = ["geoseg.shaping.bays._put_bays", "geoseg.shaping.refit._part"]
    assert done.stdout.splitlines() == [str(learnt), "[]", "True"]
