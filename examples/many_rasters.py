"""Many rasters, and a question to all of them: ``python examples/many_rasters.py 'photos/*.tif' out/``.

One file for each raster, where one that fails does not stop the others, and all as one mosaic, in which a
building on a cut comes once. Needs ``pip install duckdb``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

import geoseg

QUESTION = """
    SELECT CASE WHEN area_m2 < 50 THEN 'below 50 m2'
                WHEN area_m2 < 150 THEN '50 to 150 m2' ELSE 'from 150 m2' END AS size,
           count(*) AS buildings, round(sum(area_m2)) AS area_m2
    FROM read_parquet(?) GROUP BY size ORDER BY min(area_m2)
"""


def main() -> None:
    """Each by itself, all together, and how many buildings of which size there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rasters", help="a pattern, in quotes")
    parser.add_argument("folder", type=Path, help="where everything is written")
    given = parser.parse_args()
    each = given.folder / "each"
    each.mkdir(parents=True, exist_ok=True)
    for outcome in geoseg.predict(given.rasters, f"{each}/", overwrite=True):
        print(outcome)
    mosaic = given.folder / "mosaic.parquet"
    print(geoseg.predict(given.rasters, mosaic, overwrite=True))
    print(duckdb.execute(QUESTION, [str(mosaic)]).df().to_string(index=False))


if __name__ == "__main__":
    main()
