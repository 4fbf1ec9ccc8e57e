"""How long it takes until geoseg answers: help, import, first attribute.

``python benchmarks/start.py [--against FOLDER]``: medians over fresh processes, in turns with another
checkout where one is named.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).parents[1]
CASES = {
    "geoseg --help": ["-m", "geoseg", "--help"],
    "import geoseg": ["-c", "import geoseg"],
    "geoseg.predict": ["-c", "import geoseg; geoseg.predict"],
    "nothing": ["-c", "pass"],
}


def seconds(checkout: Path, arguments: list[str]) -> float:
    """Of one process."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout, env=os.environ | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return time.perf_counter() - began


def main() -> None:
    """Print a row per case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--runs", type=int, default=15)
    given = parser.parse_args()
    checkouts = [HERE, *([given.against.absolute()] if given.against else [])]
    for name, arguments in CASES.items():
        took: dict[Path, list[float]] = {checkout: [] for checkout in checkouts}
        for _ in range(given.runs + 1):
            for checkout in checkouts:
                took[checkout].append(seconds(checkout, arguments))
        medians = " ".join(f"{median(took[checkout][1:]):7.3f} s" for checkout in checkouts)
        print(f"{name:16s} {medians}")


if __name__ == "__main__":
    main()
