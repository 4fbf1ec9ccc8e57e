"""From a photo to areas, plots to check and changes: ``python examples/reports.py photo.tif out/``."""

from __future__ import annotations

import argparse
from pathlib import Path

import geoseg


def main() -> None:
    """Buildings, their areas by cells of 200 m, plots by lot, and what differs from a second look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("folder", type=Path, help="where everything is written")
    given = parser.parse_args()
    folder: Path = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    buildings, again = folder / "buildings.gpkg", folder / "again.gpkg"
    print(geoseg.predict(given.photo, buildings, overwrite=True))
    page = folder / "report.html"
    cells = geoseg.report(buildings, grid="200m", html=page, raster=given.photo, overwrite=True)
    print(cells.table[["zone", "buildings", "area_m2"]].tail().to_string(index=False))
    # A person checks the plots in QGIS; geoseg.report(buildings, sample=plots) then corrects the totals.
    print(geoseg.review(buildings, folder / "plots.gpkg", plots=12, overwrite=True))
    # A later photo goes here: of the same one averaged over two views, what differs is the model's own doubt.
    geoseg.predict(given.photo, again, tta=True, overwrite=True)
    print(geoseg.compare(buildings, again, folder / "changes.gpkg", overwrite=True))


if __name__ == "__main__":
    main()
