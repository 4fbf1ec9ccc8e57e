"""What a surface takes away of false roofs, and whether recall suffers: ``python benchmarks/rising.py``.

The built-in model on rendered towns of all styles, without and with the surface that they were rendered
from: trees, vehicles, tanks and greenhouses stand on it as they do in the picture.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from affine import Affine
from rasterio.features import geometry_mask
from scipy.ndimage import uniform_filter
from surface_town import CRS, LEFT_M, TOP_M, write

import geoseg
from geoseg.train.synthetic import STYLES, render_surface

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoseg.scenes.scene import Scene

NOTHING = 0.25
"""Of a false roof, no larger share lies on buildings."""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=2, help="of each style")
    parser.add_argument("--side", type=int, default=512, help="of a scene, pixels")
    arguments = parser.parse_args()
    totals: dict[str, NDArray[np.int64]] = {}
    dropped: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as name:
        for number in range(arguments.scenes):
            for kind in sorted(STYLES):
                scene, height_m = render_surface(
                    kind, 1000 + number, seed=7, side_px=arguments.side
                )
                image, dsm = written(Path(name), scene, height_m, number)
                for how, surface in (("without", None), ("with", dsm)):
                    found = geoseg.predict(image, dsm=surface, tta=False)
                    counted = counts(found, scene)
                    totals[how] = totals.get(how, np.zeros(4, np.int64)) + counted
                    if surface is not None:
                        for why, count in found.attrs["geoseg"]["dropped"].items():
                            dropped[why] = dropped.get(why, 0) + count
                print(kind, {how: row.tolist() for how, row in totals.items()}, flush=True)
    print("| surface | found | on nothing | unmatched | recall |\n|---|---|---|---|---|")
    for how, (rows, nothing, matched, true) in totals.items():
        print(f"| {how} | {rows} | {nothing} | {rows - matched} | {matched / true:.3f} |")
    print("dropped with it:", dropped)


def written(
    folder: Path, scene: Scene, height_m: NDArray[np.float32], seed: int
) -> tuple[Path, Path]:
    """The picture and the surface as photogrammetry makes it, on a slope."""
    rng = np.random.default_rng(seed)
    transform = Affine(scene.gsd_m, 0, LEFT_M, 0, -scene.gsd_m, TOP_M)
    image = np.moveaxis(scene.image, -1, 0) if scene.image.shape[-1] == 3 else scene.image
    with rasterio.open(
        folder / "image.tif", "w", driver="GTiff", height=image.shape[1], width=image.shape[2],
        count=3, dtype="uint8", crs=CRS, transform=transform, photometric="RGB",
    ) as dataset:  # fmt: skip
        dataset.write(image)
    slope = rng.uniform(0, 0.15) * scene.gsd_m * np.arange(image.shape[2])[None, :]
    rough = np.where(height_m > 0, rng.normal(0, 0.1, height_m.shape), 0)
    surface = uniform_filter(500 + slope + height_m + rough, 3) + rng.normal(
        0, 0.15, height_m.shape
    )
    write(folder / "dsm.tif", surface.astype(np.float32), transform)
    return folder / "image.tif", folder / "dsm.tif"


def counts(found: GeoDataFrame, scene: Scene) -> NDArray[np.int64]:
    """Buildings found, on nothing, and matched with an IoU of half or more; true ones."""
    labels = scene.labels
    sizes = np.bincount(labels.ravel())
    transform = Affine(scene.gsd_m, 0, LEFT_M, 0, -scene.gsd_m, TOP_M)
    nothing, matched = 0, set()
    for outline in found.geometry:
        inside = geometry_mask([outline], labels.shape, transform, invert=True)
        under = np.bincount(labels[inside], minlength=len(sizes))
        under[0] = 0
        nothing += under.sum() < NOTHING * inside.sum()
        best = int(under.argmax())
        if under[best] * 2 >= inside.sum() + sizes[best] - under[best]:
            matched.add(best)
    true = int((sizes[1:] > 0).sum())
    return np.array([len(found), nothing, len(matched), true])


if __name__ == "__main__":
    main()
