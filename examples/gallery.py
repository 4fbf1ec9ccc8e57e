"""Pictures of what geoseg finds, good and bad, for the pages: ``python examples/gallery.py``.

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
PIECES = {
    "apart": Window(285, 1040, 220, 146),
    "row": Window(70, 890, 150, 100),
    "wings": Window(330, 712, 150, 100),
    "block": Window(225, 268, 220, 146),
    "yard": Window(115, 1040, 150, 100),
}
"""Parts of the photo, by what they show; the page has a caption for each."""
FILL, LINE = "#ff6a00", "#ffe9d6"


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    folder = Path(__file__).parents[1] / "docs" / "pictures"
    parser.add_argument("folder", type=Path, nargs="?", default=folder)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    buildings = geoseg.predict(PHOTO)
    draw(PHOTO, buildings, PIECE, folder / "banepa.jpg", width=9)
    print(folder / "banepa.jpg")
    for name, piece in PIECES.items():
        draw(PHOTO, buildings, piece, folder / f"gallery_{name}.jpg", width=6)
        print(folder / f"gallery_{name}.jpg")


def draw(
    photo: Path, buildings: GeoDataFrame, piece: Window, picture: Path, *, width: float
) -> None:
    """A piece of the photo with outlines over it; the picture's width in inches."""
    with rasterio.open(photo) as dataset:
        image = np.moveaxis(dataset.read([1, 2, 3], window=piece), 0, -1)
        extent = plotting_extent(image[..., 0], dataset.window_transform(piece))
    figure = plt.figure(figsize=(width, width * piece.height / piece.width), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(image, extent=extent, interpolation="bicubic")
    buildings.plot(ax=axes, facecolor=FILL, alpha=0.12)
    buildings.boundary.plot(ax=axes, color=LINE, linewidth=1.1)
    axes.set(xlim=extent[:2], ylim=extent[2:], aspect="auto")
    axes.set_axis_off()
    figure.savefig(picture, dpi=110, pil_kwargs={"quality": 82, "optimize": True})


if __name__ == "__main__":
    main()
