"""Machine code of all loops, to be shipped: ``python packaging/gather_code.py FOLDER``.

What earlier processes kept, with the same settings of numba's in the environment, goes into FOLDER as
``geoseg.kernels.shipped`` reads it. Loops of which nothing is kept are named.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path

from numba.core.dispatcher import Dispatcher

from geoseg.kernels.sharing import Kept
from geoseg.kernels.shipped import Shipped
from geoseg.kernels.sources import ROOMS, stamp


def main() -> None:
    """Ship, and say what was left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="is made, and must not be there")
    folder: Path = parser.parse_args().folder
    left = ship(folder)
    sizes = [file.stat().st_size for file in folder.iterdir()]
    print(f"{len(sizes) - 1} loops, {sum(sizes) / 1e6:.1f} MB")
    if left:
        print(f"never called: {', '.join(left)}")


def ship(folder: Path) -> list[str]:
    """Write kept code of all loops.

    Returns:
        Names of loops that no process called from Python.

    Raises:
        ValueError: nothing is kept, or it was made for more than one processor.
    """
    kept = {loop.name: loop.all_kept() for loop in every_loop()}
    made_for = {key[1] for code in kept.values() for key in code}
    if len(made_for) != 1:
        raise ValueError(f"code for one processor is needed, not for {sorted(made_for)}")
    folder.mkdir()
    into = Shipped(folder, stamp(), *made_for)
    for name, code in kept.items():
        if code:
            into.write(name, code)
    into.describe()
    return [name for name, code in kept.items() if not code]


def every_loop() -> Iterator[Kept]:
    """What is kept of each compiled function of the package."""
    for room in ROOMS:
        for path in sorted(room.glob("*.py")):
            module = importlib.import_module(f"geoseg.{room.name}.{path.stem}")
            for thing in vars(module).values():
                if isinstance(thing, Dispatcher) and thing.__module__ == module.__name__:
                    yield vars(thing)["_cache"]


if __name__ == "__main__":
    main()
