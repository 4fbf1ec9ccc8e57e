"""What a project shows: layers of the GeoPackage with their styles, and photos."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyproj import CRS

from geoseg.addresses.secrets import bare_name, without_secrets
from geoseg.addresses.urls import is_in_memory, is_local
from geoseg.errors import GeosegError, UnreadableVectorError
from geoseg.export.styles.style import Style
from geoseg.files.database import looked_into
from geoseg.raster.source import Source, inspect
from geoseg.vectors.geoparquet import Box
from geoseg.vectors.layers import EXTENT_LAYER, layer_bounds, open_layer, polygon_layers

TITLES = {
    "buildings": "Buildings",
    "changes": "Changes",
    "zones": "Zones",
    "change_zones": "Zones of changes",
    EXTENT_LAYER: "Observed area",
}
"""Names of layers of ours in the project, from the top down."""
COVERING = ("zones", "change_zones")
"""Switched off where there are buildings, since they would cover the photo."""
_STYLES = """
SELECT styleName, styleQML FROM layer_styles WHERE f_table_name = ? ORDER BY useAsDefault DESC, id
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A layer of the GeoPackage."""

    name: str
    """In the file."""
    title: str
    """In the project."""
    crs: CRS
    """Of its coordinates."""
    bounds: Box
    """Of all rows; NaN where there is none."""
    styles: tuple[Style, ...]
    """As the file holds them, the default first."""
    visible: bool
    """Whether it is switched on."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A raster beneath the layers."""

    source: str
    """As the project names it."""
    title: str
    """In the project."""
    raster: Source
    """Its properties."""


def shown_layers(geopackage: Path) -> tuple[list[Shown], list[str]]:
    """The polygon layers, from the top down, and a sentence on each that cannot be shown."""
    names = list(polygon_layers(geopackage))
    order = list(TITLES)
    names.sort(key=lambda name: (order.index(name) if name in order else -1, name))
    shown, notes = [], []
    for name in names:
        try:
            layer = open_layer(geopackage, name)
        except UnreadableVectorError as error:
            notes.append(f"The layer {name} is left out: {error}.")
            continue
        visible = name not in COVERING or not {"buildings", "changes"} & set(names)
        title = TITLES.get(name, name)
        shown.append(
            Shown(name, title, layer.crs, layer_bounds(layer), _styles(geopackage, name), visible)
        )
    return shown, notes


def _styles(geopackage: Path, layer: str) -> tuple[Style, ...]:
    try:
        with looked_into(geopackage) as connection:
            rows = connection.execute(_STYLES, (layer,)).fetchall()
    except sqlite3.Error:  # no such table
        return ()
    return tuple(Style(str(name), str(qml)) for name, qml in rows)


def photos(
    names: Sequence[str], folder: Path, bands: Sequence[Sequence[int] | None], *, needed: bool
) -> tuple[list[Photo], list[str]]:
    """Rasters as a project in ``folder`` names them, and a sentence on each that cannot be shown.

    Args:
        names: Paths or addresses.
        folder: Where the project is.
        bands: Red, green and blue of each; None: as the raster says.
        needed: Raise where one cannot be opened.

    Raises:
        UnreadableRasterError: one cannot be opened.
    """
    found, notes = [], []
    for name, chosen in zip(names, bands, strict=True):
        if not is_local(name) and without_secrets(name) != name:
            notes.append(
                f"{bare_name(name)} is left out: its address holds a secret, which would stand in the "
                "project; add it in QGIS."
            )
            continue
        if is_in_memory(name):
            notes.append(
                f"{name} is left out: it lay in the memory of the process that read it, where QGIS cannot see it; "
                "name a file by --raster, or add the photo in QGIS."
            )
            continue
        try:
            raster = inspect(name, chosen)
        except GeosegError as error:
            if needed:
                raise
            notes.append(f"{bare_name(name)} is left out: {error}.")
            continue
        found.append(Photo(_named(name, folder), Path(bare_name(name)).stem, raster))
    return found, notes


def _named(name: str, folder: Path) -> str:
    """A raster's name for QGIS, relative to the project where it can be."""
    if not is_local(name):
        return f"/vsicurl/{name}" if name.startswith(("http://", "https://")) else name
    return relative(Path(name), folder)


def relative(path: Path, folder: Path) -> str:
    """A path as projects write it; absolute where it lies on another drive."""
    try:
        told = Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:
        return path.absolute().as_posix()
    return told if told.startswith("../") else f"./{told}"
