"""Pictures of what geoseg finds, for the pages: ``python examples/gallery.py``.

Only imagery that may be shown: the example photo (CC BY 4.0) and rendered towns.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import rasterio
from rasterio.plot import plotting_extent
from rasterio.windows import Window

import geoseg

mpl.use("Agg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

PHOTO = Path(__file__).parent / "banepa.tif"
PIECE = Window(30, 560, 480, 320)
"""Houses large and small, apart and touching."""
FILL, LINE = "#ff6a00", "#ffe9d6"


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    folder = Path(__file__).parents[1] / "docs" / "pictures"
    parser.add_argument("folder", type=Path, nargs="?", default=folder)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    draw(PHOTO, geoseg.predict(PHOTO), PIECE, folder / "banepa.jpg")
    print(folder / "banepa.jpg")


def draw(photo: Path, buildings: GeoDataFrame, piece: Window, picture: Path) -> None:
    """A piece of the photo with outlines over it."""
    with rasterio.open(photo) as dataset:
        image = np.moveaxis(dataset.read([1, 2, 3], window=piece), 0, -1)
        extent = plotting_extent(image[..., 0], dataset.window_transform(piece))
    figure = plt.figure(figsize=(9, 9 * piece.height / piece.width), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(image, extent=extent, interpolation="bicubic")
    buildings.plot(ax=axes, facecolor=FILL, alpha=0.12)
    buildings.boundary.plot(ax=axes, color=LINE, linewidth=1.1)
    axes.set(xlim=extent[:2], ylim=extent[2:], aspect="auto")
    axes.set_axis_off()
    figure.savefig(picture, dpi=110, pil_kwargs={"quality": 82, "optimize": True})


if __name__ == "__main__":
    main()
