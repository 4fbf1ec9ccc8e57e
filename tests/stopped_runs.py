"""Runs over rasters on a server that stop half-way, and what is looked for afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from painted import PaintedModel
from remote_server import Server

import geoseg
from geoseg.models.traits import Traits

SECRET = "s3cr3t"  # noqa: S105
SIGNED = f"?X-Amz-Credential=me&X-Amz-Signature={SECRET}"
OPTIONS: dict[str, Any] = {"tile_px": 48, "shape": "raw"}
TILED: dict[str, Any] = {"tiled": True, "blockxsize": 64, "blockysize": 64}


class Served:
    """A raster on a server."""

    def __init__(self, server: Server, path: Path, base: Path) -> None:
        self.server, self.path = server, path
        self._name = str(path.relative_to(base))

    def address(self, query: str = "", user: str = "") -> str:
        return self.server.address(self._name, query, user)


class StoppedModel(PaintedModel):
    """Stops, or does something else, half-way."""

    traits = Traits.of(PaintedModel())

    def __init__(self, act: Any = None) -> None:
        super().__init__()
        self._act = act

    def predict_maps(self, images: Any) -> Any:
        if self.calls == 12:
            if self._act is None:
                raise KeyboardInterrupt
            self._act()
        return super().predict_maps(images)


def rows(frame: gpd.GeoDataFrame) -> Any:
    """What is compared: all but the raster's name, and columns without a value, whose type a file forgets."""
    return frame.drop(columns="source").dropna(axis=1, how="all").to_wkb()


def content(path: Path) -> Any:
    return rows(gpd.read_file(path, layer="buildings"))


def interrupted(address: str, output: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(address, output, model=StoppedModel(), **OPTIONS)


def holders_of(secret: str, folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if secret.encode() in path.read_bytes()]
