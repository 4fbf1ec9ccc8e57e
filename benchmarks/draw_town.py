"""A picture of a CityJSON town: ``python benchmarks/draw_town.py town.city.json town.png``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

COLOURS = {"RoofSurface": "#c96f4a", "WallSurface": "#e8ddc8", "GroundSurface": "#8a8a80"}
COMMON = "#5b8fb9"


def main(source: Path, target: Path) -> None:
    """Draw all solids; common walls are blue, courtyards are not cut out of roofs."""
    town = json.loads(source.read_text(encoding="utf-8"))
    at = np.array(town["vertices"]) * town["transform"]["scale"]
    faces, colours = [], []
    for one in town["CityObjects"].values():
        for geometry in one["geometry"]:
            if geometry["type"] == "Solid":
                kinds = geometry["semantics"]["surfaces"]
                values = geometry["semantics"]["values"][0]
                for face, value in zip(geometry["boundaries"][0], values, strict=True):
                    faces.append(at[face[0]])
                    shared = kinds[value].get("shared")
                    colours.append(COMMON if shared else COLOURS[kinds[value]["type"]])
    figure = plt.figure(figsize=(12, 9))
    axes = figure.add_subplot(projection="3d")
    axes.add_collection3d(
        Poly3DCollection(faces, facecolors=colours, edgecolors="#55504a", linewidths=0.2)
    )
    low, high = at.min(axis=0), at.max(axis=0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    axes.set_box_aspect(high - low)
    axes.view_init(35, -60)
    axes.set_axis_off()
    figure.savefig(target, dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
