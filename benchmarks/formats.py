"""A stream of many buildings into every format: processor time, memory and size; and an area out of GeoParquet.

    python benchmarks/formats.py [--rows 1000000] [--formats .shp .parquet ...]

Each format is written in a process of its own, from batches that are made as they are asked for. Of the
GeoParquet an area of one hundredth is read by DuckDB and by geoseg; what the process read is the system's
count (``rchar`` of ``/proc/self/io``, Linux).
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from pyproj import CRS

from geoseg.export.output import WRITERS, write_output
from geoseg.export.schema import SCHEMA, conform

BATCH_ROWS = 8_192
LEFT_M, BOTTOM_M, STEP_M = 3e5, 3e6, 20.0


def batches(rows: int) -> Iterator[pa.RecordBatch]:
    """Buildings of four to eight corners in rows of a square town, as ``predict`` hands them on."""
    wide = max(int(rows**0.5), 1)
    for begin in range(0, rows, BATCH_ROWS):
        ids = np.arange(begin, min(begin + BATCH_ROWS, rows))
        rng = np.random.default_rng(begin)
        left = LEFT_M + ids % wide * STEP_M
        bottom = BOTTOM_M - ids // wide * STEP_M
        outlines = shapely.box(left, bottom, left + rng.uniform(4, 15, len(ids)), bottom + 9)
        wings = shapely.box(left, bottom, left + 3, bottom + rng.uniform(9.5, 15, len(ids)))
        outlines = shapely.union(outlines, wings)
        table = conform(
            pa.table(
                {
                    "building_id": ids,
                    "area_m2": shapely.area(outlines),
                    "perimeter_m": shapely.length(outlines),
                    "confidence": rng.random(len(ids), np.float32),
                    "presence": rng.random(len(ids), np.float32),
                    "length_m": rng.uniform(5, 20, len(ids)),
                    "width_m": rng.uniform(5, 20, len(ids)),
                    "orientation_deg": rng.uniform(0, 180, len(ids)),
                    "at_edge": ids % 50 == 0,
                    "shape": ["regularized"] * len(ids),
                    "source": ["ortho.tif"] * len(ids),
                    "image_date": ["2024-05-17"] * len(ids),
                    "geometry": pa.array(shapely.to_wkb(outlines), pa.binary()),
                }
            )
        )
        yield from table.select(SCHEMA.names).combine_chunks().to_batches()


def write(path: Path, rows: int) -> None:
    """Write, and print what it took."""
    if path.suffix == ".none":
        written = sum(batch.num_rows for batch in batches(rows))
    else:
        written = write_output(path, batches(rows), crs=CRS(32645), run_metadata={})
    assert written == rows
    used = resource.getrusage(resource.RUSAGE_SELF)
    parts = [path, *path.rglob("*")] if path.is_dir() else path.parent.glob(f"{path.stem}.*")
    size = sum(one.stat().st_size for one in parts if one.is_file())
    print(
        f"{path.name:12} {used.ru_utime + used.ru_stime:7.1f} s {used.ru_maxrss / 1024:7.0f} MB peak "
        f"{size / 1e6:8.0f} MB"
    )


def read_bytes() -> int:
    """Bytes that this process has read so far."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(lines[0].split()[1])


def read_area(path: Path, rows: int) -> None:
    """An area of a hundredth, by two readers."""
    import duckdb

    from geoseg.vectors.geoparquet import read_rows

    size, side = path.stat().st_size, int(rows**0.5) * STEP_M
    left, top = LEFT_M + side / 3, BOTTOM_M - side / 3
    box = (left, top - side / 10, left + side / 10, top)
    query = (
        f"select building_id, geometry from '{path}' where bbox.xmin <= {box[2]} and bbox.xmax >= {box[0]} "  # noqa: S608
        f"and bbox.ymin <= {box[3]} and bbox.ymax >= {box[1]}"
    )
    before = read_bytes()
    found = len(duckdb.sql(query).fetchall())
    by_duckdb = read_bytes() - before
    before = read_bytes()
    mine = len(read_rows(path, ["building_id"], box))
    by_geoseg = read_bytes() - before
    print(
        f"an area with {found:,} of {rows:,}: DuckDB reads {by_duckdb / 1e6:.1f} MB, geoseg "
        f"{by_geoseg / 1e6:.1f} MB ({mine:,}) of {size / 1e6:.0f} MB"
    )


def main() -> None:
    """Every format after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="*", default=[".none", *WRITERS])
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        write(given.one, given.rows)
        return
    with tempfile.TemporaryDirectory() as folder:
        for suffix in given.formats:
            path = Path(folder, f"b{suffix}", f"b{suffix}")
            path.parent.mkdir()
            command = [sys.executable, __file__, "--rows", str(given.rows), "--one", str(path)]
            subprocess.run(command, check=True)
            if suffix == ".parquet":
                read_area(path, given.rows)


if __name__ == "__main__":
    main()
