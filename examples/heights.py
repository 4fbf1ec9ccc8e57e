"""From a photo and a surface model to a 3D town: ``python examples/heights.py out/``.

No labelled surface model is free to ship, so the town is rendered, photo and surface alike. The same
three calls work on your own: predict with a surface, convert, look.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import rasterio
from affine import Affine
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from scipy.ndimage import uniform_filter

import geoseg
from geoseg.train.synthetic import render_surface

mpl.use("Agg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from numpy.typing import NDArray

CRS = "EPSG:5555"
"""ETRS89, UTM zone 32 north, German heights above sea level."""
LEFT_M, TOP_M, GROUND_M = 500_000.0, 5_400_000.0, 310.0
COLOURS = {"RoofSurface": "#b5523b", "WallSurface": "#e8e2d6", "GroundSurface": "#8a8f86"}


def main() -> None:
    """Photo, surface, buildings with heights, CityJSON and a picture of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where everything is written")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    photo, dsm = render(folder)
    found = geoseg.predict(photo, folder / "town.gpkg", dsm=dsm, overwrite=True)
    print(found)
    print(geoseg.convert(folder / "town.gpkg", folder / "town.city.json", overwrite=True))
    draw(folder / "town.city.json", photo, folder / "town.png")
    print(
        f"Open {folder / 'town.gpkg'} in a 3D map view of QGIS, or look at {folder / 'town.png'}."
    )


def render(folder: Path) -> tuple[Path, Path]:
    """A photo, and the surface as photogrammetry makes it: on a slope, smeared, with noise."""
    scene, height_m = render_surface("suburb", 3, seed=11, side_px=640)
    rng = np.random.default_rng(0)
    slope = 0.05 * scene.gsd_m * np.arange(height_m.shape[1])[None, :]
    surface = uniform_filter(GROUND_M + slope + height_m, 3) + rng.normal(0, 0.1, height_m.shape)
    image = np.moveaxis(scene.image, -1, 0)
    photo = write(folder / "town_photo.tif", image, scene.gsd_m, photometric="RGB")
    return photo, write(folder / "town_dsm.tif", surface.astype(np.float32)[None], scene.gsd_m)


def write(path: Path, pixels: NDArray[Any], gsd_m: float, **options: str) -> Path:
    """A GeoTIFF of (bands, rows, columns)."""
    count, height, width = pixels.shape
    transform = Affine(gsd_m, 0, LEFT_M, 0, -gsd_m, TOP_M)
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=pixels.dtype,
        crs=CRS, transform=transform, compress="deflate", **options,
    ) as dataset:  # fmt: skip
        dataset.write(pixels)
    return path


def draw(city: Path, photo: Path, picture: Path) -> None:
    """The photo, and beside it all solids of a CityJSON file."""
    model = json.loads(city.read_text())
    scale, shift = (np.array(model["transform"][key]) for key in ("scale", "translate"))
    vertices = np.array(model["vertices"]) * scale + shift
    faces, colours = [], []
    for solid in solids(model):
        kinds = solid["semantics"]["surfaces"]
        for face, kind in zip(solid["boundaries"][0], solid["semantics"]["values"][0], strict=True):
            faces.append(vertices[face[0]])
            colours.append(COLOURS[kinds[kind]["type"]])
    figure = plt.figure(figsize=(14, 7), layout="constrained")
    flat = figure.add_subplot(1, 2, 1)
    with rasterio.open(photo) as dataset:
        flat.imshow(np.moveaxis(dataset.read(), 0, -1))
    flat.set_axis_off()
    space = figure.add_subplot(1, 2, 2, projection="3d", azim=-75, elev=38)
    space.add_collection3d(
        Poly3DCollection(faces, facecolors=colours, edgecolors="#55504a", linewidths=0.2)
    )
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    space.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    space.set_box_aspect(high - low, zoom=1.7)
    space.set_axis_off()
    figure.savefig(picture, dpi=110)


def solids(model: dict[str, Any]) -> list[dict[str, Any]]:
    """All solids of a CityJSON file."""
    shapes = [shape for one in model["CityObjects"].values() for shape in one["geometry"]]
    return [shape for shape in shapes if shape["type"] == "Solid"]


if __name__ == "__main__":
    main()
