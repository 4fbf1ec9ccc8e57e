"""What everything after the network takes: ``python benchmarks/after_network.py [RASTER]``.

One process predicts over a raster, the example's unless another is named, twice, so that nothing is compiled
in the second run. Of that it prints the processor time by stage, per megapixel of the photo and per building
found, and what a megapixel with 500 buildings would take: stages other than finishing by the area, finishing
by the building.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Self

import rasterio
from workers import Stages

import geoseg
from geoseg.run.finish import Finisher

EXAMPLE = Path(__file__).parents[1] / "examples" / "banepa.tif"
DENSE = 500
"""Buildings per megapixel of photo that the goal is set for."""


class AllStages(Stages):
    """Also finishing, and writing the output."""

    def __enter__(self) -> Self:
        from geoseg.run.composed import Run

        super().__enter__()
        self._note(Finisher, "finish", "finish")
        self._note(Run, "_write", "write")
        return self


def main() -> None:
    """Print a line per stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raster", type=Path, nargs="?", default=EXAMPLE)
    raster = parser.parse_args().raster
    told(raster)
    seconds, buildings = told(raster)
    with rasterio.open(raster) as photo:
        megapixels = photo.width * photo.height / 1e6
    print(f"{megapixels:.1f} MP, {buildings} buildings found, {buildings / megapixels:.0f} per MP")
    for stage, took in seconds.items():
        print(
            f"{stage:8s} {took / megapixels:.3f} s per MP, {took / buildings * 1e3:.3f} ms per building"
        )
    finish = seconds.pop("finish") / buildings
    print(
        f"{sum(seconds.values()) / megapixels + DENSE * finish:.2f} s per MP of {DENSE} buildings"
    )


def told(raster: Path) -> tuple[dict[str, float], int]:
    """Processor seconds by stage, and buildings found."""
    found: list[int] = []
    finish = Finisher.finish

    def counting(self: Finisher, clusters: list) -> object:  # type: ignore[type-arg]
        found.extend(len(cluster.instances) for cluster in clusters)
        return finish(self, clusters)

    Finisher.finish = counting  # type: ignore[method-assign, assignment]
    with AllStages() as stages, tempfile.TemporaryDirectory() as folder:
        geoseg.predict(raster, Path(folder) / "out.gpkg", workers=1)
    Finisher.finish = finish  # type: ignore[method-assign]
    return stages.seconds, sum(found)


if __name__ == "__main__":
    main()
