"""Signed addresses in the place of files, for every verb: no secret is written or said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from remote_server import Server
from typer.testing import CliRunner

from geoseg.cli import app

SECRET = "s3cr3t"  # noqa: S105
QUERY = f"?X-Amz-Credential=me&X-Amz-Signature={SECRET}"


@pytest.fixture
def names(tmp_path: Path, make_raster: Any) -> dict[str, str]:
    """Files here, and where the server has them."""
    left, top = 345_600.0, 3_072_000.0
    square = shapely.box(left + 10, top - 20, left + 20, top - 10)
    frame = gpd.GeoDataFrame({"confidence": [0.5]}, geometry=[square], crs=32645)
    frame.to_file(tmp_path / "b.gpkg", layer="buildings")
    frame.to_crs(4326).to_file(tmp_path / "b.geojson")
    noise = np.random.default_rng(0).integers(1, 255, (3, 80, 80), np.uint8)
    make_raster("t.tif", noise)
    return {"b": str(tmp_path / "b.gpkg"), "t": str(tmp_path / "t.tif")}


VERBS = (
    "report {B} --html {o}/1.html",
    "report {C} --html {o}/2.html -o {o}/2.csv -o {o}/2.json",
    "report {b} --zones {J} -o {o}/3.csv --html {o}/3.html",
    "report {b} --raster {T} --html {o}/4.html",
    "report {b} --raster {V} --html {o}/5.html",
    "evaluate {B} {b} --html {o}/6.html",
    "evaluate {C} {C} --html {o}/7.html -o {o}/7.json",
    "evaluate {b} {b} --raster {T} --html {o}/8.html",
    "compare {b} {C} --html {o}/9.html -o {o}/9.gpkg",
    "compare {b} {B} --html {o}/10.html",
    "regularize {C} {o}/11.gpkg",
    "regularize {B} {o}/12.gpkg",
    "info {T} --json",
    "info {T}x --json",
    "to-coco {b} {o}/13.json --raster {T}",
    "to-coco {C} {o}/14.json --raster {V}",
    "from-coco {o}/13.json {o}/15.gpkg --raster {T}",
    "from-coco {J} {o}/16.gpkg --raster {T}",
    "dataset {T} {b} -o {o}/17 --html {o}/17.html",
    "dataset {T} {C} -o {o}/18 --html {o}/18.html",
    "dataset {V} {b} -o {o}/19 --html {o}/19.html",
    "predict {T} {o}/20.gpkg --aoi {B}",
    "predict {T} {o}/21.gpkg --aoi {C} --model {T}",
    "predict {b} {o}/22.gpkg?sig=s3cr3t",
    "models {T}",
    "certify {T}",
    "evaluate --model {T} --scenes {B}",
    "tune {T} --scenes {B} -o {o}/23.safetensors",
)


# GDAL warns of names that end in a query; the command line takes the secrets out of what it logs.
@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_no_verb_leaks(tmp_path: Path, names: dict[str, str]) -> None:
    out, leaks = tmp_path / "out", []
    out.mkdir()
    with Server(tmp_path) as server:
        server.order()
        address = {kind: server.address(name, QUERY, f"me:{SECRET}@") for kind, name in
                   (("B", "b.gpkg"), ("J", "b.geojson"), ("T", "t.tif"))}  # fmt: skip
        known = {
            **names,
            **address,
            "C": f"/vsicurl/{address['B']}",
            "V": f"/vsicurl/{address['T']}",
        }
        for verb in VERBS:
            result = CliRunner().invoke(app, verb.format(o=out, **known).split())
            assert result.exception is None or "\n" not in str(result.exception), verb
            if SECRET in result.output + str(result.exception):
                leaks.append(f"{verb}: {result.output} {result.exception}")
    for path in filter(Path.is_file, out.rglob("*")):
        if SECRET.encode() in (content := path.read_bytes()):
            place = content.index(SECRET.encode())
            leaks.append(f"{path.name}: {content[max(place - 150, 0) : place + 20]!r}")
    assert not leaks, "\n".join(leaks)
