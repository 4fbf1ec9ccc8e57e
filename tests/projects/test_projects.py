"""Projects without QGIS: what stands in the file, what is left out and said; tests/qgis opens them."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from commands import invoke
from pyproj import CRS

import geoseg
from geoseg.errors import (
    OutputError,
    OutputExistsError,
    UnreadableRasterError,
    UnreadableVectorError,
    UsageError,
)
from geoseg.export.frames import FrameLayer
from geoseg.export.output import write_layers, write_output
from geoseg.projects.contents import Shown
from geoseg.projects.stored import WRITER

MEMORY = "/vsimem/town.tif"
"""A raster that this process alone has."""


@pytest.fixture
def gpkg(tmp_path: Path, make_table: Callable[..., Any], make_raster: Callable[..., Path]) -> Path:
    """Buildings found in a raster of 16 bits, of which bands 3, 2, 1 were read."""
    raster = make_raster("ortho.tif", np.full((4, 20, 30), 700, np.uint16))
    path = tmp_path / "b.gpkg"
    record = {"sources": [{"path": str(raster), "bands": [3, 2, 1]}], "stretch": [200, 2800]}
    extent = [shapely.to_wkb(shapely.box(3e5, 3e4, 3.01e5, 3.1e4))]
    rows = make_table(range(4)).to_batches()
    write_output(path, rows, crs=CRS(32645), run_metadata=record, extent=extent)
    return path


def stored(path: Path, name: str = "geoseg") -> ET.Element:
    """The project in a GeoPackage."""
    query = "SELECT content FROM qgis_projects WHERE name = ?"
    with closing(sqlite3.connect(path)) as connection:
        (content,) = connection.execute(query, (name,)).fetchone()
    return unpacked(bytes.fromhex(content), name)


def unpacked(content: bytes, name: str) -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read(f"{name}.qgs").decode()
    return ET.fromstring(text.split("\n", 1)[1])  # noqa: S314


def sources(project: ET.Element) -> list[str | None]:
    return [one.text for one in project.iter("datasource")]


def test_a_project_names_files_relative_to_its_own(gpkg: Path) -> None:
    told = geoseg.project(gpkg)
    layers = ["./b.gpkg|layername=buildings", "./b.gpkg|layername=extent", "./ortho.tif"]
    assert sources(stored(gpkg)) == layers
    assert told.layers == ("buildings", "extent")
    assert told.photos == ("./ortho.tif",)
    assert told.notes == ()
    assert told.address == f"geopackage:{gpkg}?projectName=geoseg"
    assert json.loads(json.dumps(told.as_dict()))["layers"] == ["buildings", "extent"]


def test_the_photo_looks_as_the_network_saw_it(gpkg: Path) -> None:
    geoseg.project(gpkg)
    (renderer,) = stored(gpkg).iter("rasterrenderer")
    assert [renderer.get(f"{name}Band") for name in ("red", "green", "blue")] == ["3", "2", "1"]
    assert {one.text for one in renderer.iter("minValue")} == {"200"}
    assert {one.text for one in renderer.iter("maxValue")} == {"2800"}


def test_a_photo_without_a_run_is_stretched_as_a_run_would(
    gpkg: Path, make_raster: Callable[..., Path]
) -> None:
    pixels = np.arange(1, 3601, dtype=np.uint16).reshape(1, 60, 60).repeat(3, axis=0)
    with closing(sqlite3.connect(gpkg)) as connection, connection:
        connection.execute("UPDATE gpkg_metadata SET metadata = '{}'")
    geoseg.project(gpkg, raster=make_raster("other.tif", pixels))
    (renderer,) = stored(gpkg).iter("rasterrenderer")
    assert 50 < float(renderer.findtext(".//minValue") or 0) < 100


def test_a_renamed_file_is_named_anew(gpkg: Path) -> None:
    geoseg.project(gpkg)
    renamed = gpkg.rename(gpkg.with_name("c.gpkg"))
    assert sources(stored(renamed))[0] == "./b.gpkg|layername=buildings"
    geoseg.project(renamed)
    assert sources(stored(renamed))[0] == "./c.gpkg|layername=buildings"


def test_rasters_that_moved_along_are_found(gpkg: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for path in (gpkg, gpkg.with_name("ortho.tif")):
        path.rename(tmp_path / "elsewhere" / path.name)
    assert geoseg.project(tmp_path / "elsewhere/b.gpkg").photos == ("./ortho.tif",)


def test_a_project_file_beside_it(gpkg: Path, tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    for name in ("town.qgz", "town.qgs"):
        target = tmp_path / "maps" / name
        assert geoseg.project(gpkg, output=target).address == str(target)
        with pytest.raises(OutputExistsError, match="--overwrite"):
            geoseg.project(gpkg, output=target)
    text = (tmp_path / "maps/town.qgs").read_text().split("\n", 1)[1]
    project = unpacked((tmp_path / "maps/town.qgz").read_bytes(), "town")
    assert sources(project) == sources(ET.fromstring(text))  # noqa: S314
    assert sources(project)[::2] == ["../b.gpkg|layername=buildings", "../ortho.tif"]
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == ["town.qgs", "town.qgz"]


def test_what_was_saved_in_qgis_is_not_replaced(gpkg: Path) -> None:
    geoseg.project(gpkg)
    geoseg.project(gpkg)  # ours
    with closing(sqlite3.connect(gpkg)) as connection, connection:
        saved = json.dumps({"last_modified_user": "me"})
        connection.execute("UPDATE qgis_projects SET metadata = ?", (saved,))
    with pytest.raises(OutputExistsError, match="saved in QGIS"):
        geoseg.project(gpkg)
    geoseg.project(gpkg, name="other")
    geoseg.project(gpkg, overwrite=True)
    with closing(sqlite3.connect(gpkg)) as connection:
        rows = connection.execute("SELECT name, metadata FROM qgis_projects ORDER BY 1").fetchall()
    assert [name for name, _ in rows] == ["geoseg", "other"]
    assert all(json.loads(told)["last_modified_user"] == WRITER for _, told in rows)


def test_layers_styles_and_all_else_stay(gpkg: Path) -> None:
    tables = ("buildings", "extent", "layer_styles", "gpkg_contents", "gpkg_metadata")

    def rows() -> list[list[tuple[object, ...]]]:
        with closing(sqlite3.connect(gpkg)) as connection:
            return [connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables]  # noqa: S608

    before = rows()
    geoseg.project(gpkg)
    assert rows() == before


def test_zones_lie_beneath_and_are_switched_off(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.box(0, 0, 9, 9)], crs=32645)
    names = ("zones", "own", "buildings", "changes")
    write_layers([FrameLayer(name, frame) for name in names], tmp_path / "m.gpkg")
    told = geoseg.project(tmp_path / "m.gpkg")
    assert told.layers == ("own", "buildings", "changes", "zones")
    assert "No photo is known" in told.notes[0]
    leaves = list(stored(tmp_path / "m.gpkg").iter("layer-tree-layer"))
    hidden = [leaf.get("name") for leaf in leaves if leaf.get("checked") == "Qt::Unchecked"]
    assert hidden == ["Zones"]


def test_what_cannot_be_shown_is_left_out_and_said(gpkg: Path) -> None:
    record = {"sources": [
        {"path": "https://a.example/o.tif?sig=secret", "bands": None},
        {"path": "/nowhere/gone.tif", "bands": ["x"]}, {"path": 3}, "no mapping",
    ]}  # fmt: skip
    with closing(sqlite3.connect(gpkg)) as connection, connection:
        connection.execute("UPDATE gpkg_metadata SET metadata = ?", (json.dumps(record),))
    told = geoseg.project(gpkg)
    assert told.photos == ()
    assert "holds a secret" in told.notes[0]
    assert told.notes[1].startswith("gone.tif is left out")
    assert "sig=secret" not in repr(told) + ET.tostring(stored(gpkg), encoding="unicode")


def test_a_raster_in_memory_is_no_photo(gpkg: Path) -> None:
    with closing(sqlite3.connect(gpkg)) as connection, connection:
        (told,) = connection.execute("SELECT metadata FROM gpkg_metadata").fetchone()
        connection.execute(
            "UPDATE gpkg_metadata SET metadata = ?",
            (told.replace(str(gpkg.with_name("ortho.tif")), MEMORY),),
        )
    with rasterio.MemoryFile(gpkg.with_name("ortho.tif").read_bytes(), filename=MEMORY[8:]):
        made = geoseg.project(gpkg)
    assert made.photos == ()
    assert sources(stored(gpkg)) == ["./b.gpkg|layername=buildings", "./b.gpkg|layername=extent"]
    (note,) = made.notes
    assert note.startswith(f"{MEMORY} is left out: it lay in the memory")


def test_bad_input_is_refused_and_nothing_is_written(gpkg: Path, tmp_path: Path) -> None:
    (tmp_path / "text.gpkg").write_text("no database")
    before = gpkg.read_bytes()
    refused: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (UsageError, "is no GeoPackage", {"geopackage": tmp_path / "b.fgb"}),
        (UnreadableVectorError, "there is no file", {"geopackage": tmp_path / "none.gpkg"}),
        (UnreadableVectorError, "text.gpkg", {"geopackage": tmp_path / "text.gpkg"}),
        (UsageError, "give a name without", {"geopackage": gpkg, "name": "a/b"}),
        (UsageError, "give a name without", {"geopackage": gpkg, "name": " "}),
        (UsageError, "allowed are .qgz, .qgs", {"geopackage": gpkg, "output": tmp_path / "a.zip"}),
        (UnreadableRasterError, "nowhere", {"geopackage": gpkg, "raster": "/nowhere/a.tif"}),
    ]
    for kind, message, given in refused:
        with pytest.raises(kind, match=message):
            geoseg.project(**given)
    assert gpkg.read_bytes() == before


def test_a_locked_file_is_one_sentence(gpkg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoseg.projects.stored._WAIT_S", 0)
    with closing(sqlite3.connect(gpkg, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        layer = Shown("buildings", "Buildings", CRS(32645), (0, 0, 1, 1), (), visible=True)
        monkeypatch.setattr("geoseg.projects.making.shown_layers", lambda _: ([layer], []))
        monkeypatch.setattr("geoseg.projects.making.read_metadata", lambda _: {})
        with pytest.raises(OutputError, match="Close programs that have the file open"):
            geoseg.project(gpkg)


def test_the_command_says_what_qgis_opens(gpkg: Path) -> None:
    done = invoke("project", str(gpkg))
    assert f"qgis 'geopackage:{gpkg}?projectName=geoseg'\n" in done.stdout
    assert "layers      buildings, extent\nphoto       ./ortho.tif\n" in done.stdout
    told = json.loads(invoke("project", str(gpkg), "--json", "--name", "two").stdout)
    assert (told["name"], told["output"]) == ("two", str(gpkg))
