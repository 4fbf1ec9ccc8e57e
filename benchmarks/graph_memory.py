"""What graphs of the built-in network hold: ``python benchmarks/graph_memory.py``.

Tiles of all sizes that a raster has at its rim and in its middle are computed once, row after row, in two
views. Prints the memory of the process after every row; flat means: graphs of other rows are let go. *At rest*
is what is held when nothing is computed.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import psutil

from geoseg.models import DEFAULT_WEIGHTS
from geoseg.models.averaged import averaged
from geoseg.models.runtimes.dense import OpenVinoDenseModel
from geoseg.types import Window

CORE_PX, HALO_PX = 768, 208
SIDE_PX = 3 * CORE_PX + 168
"""Of a raster whose tile before the last one is cut as well."""


def tiles() -> list[tuple[range, range]]:
    """Of one row: what a tile sees, and its core."""
    starts = [*range(0, SIDE_PX, CORE_PX), SIDE_PX]
    return [
        (range(max(0, start - HALO_PX), min(end + HALO_PX, SIDE_PX)), range(start, end))
        for start, end in pairwise(starts)
    ]


def held_mb() -> float:
    """Memory of this process but for files, 10^6 bytes."""
    used = psutil.Process().memory_full_info()
    return float(used.rss - used.shared) / 1e6


def main() -> None:
    """Print a line per row of tiles."""
    model = averaged(OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS))
    photo = np.random.default_rng(0).integers(0, 256, (1, 3, SIDE_PX, SIDE_PX), np.uint8)
    print(f"{'tiles of':>12s} {'MB':>6s}")
    print(f"{'none':>12s} {held_mb():6.0f}")
    for rows, core_rows in tiles():
        for cols, core_cols in tiles():
            seen = np.ascontiguousarray(photo[:, :, rows.start : rows.stop, cols.start : cols.stop])
            row_off, col_off = core_rows.start - rows.start, core_cols.start - cols.start
            model.predict_part(seen, Window(row_off, col_off, len(core_rows), len(core_cols)))
        print(f"{len(rows):9d} px {held_mb():6.0f}", flush=True)
    model.predict_maps(photo[:, :, :32, :32])  # what others computed with is let go
    print(f"{'at rest':>12s} {held_mb():6.0f}")


if __name__ == "__main__":
    main()
