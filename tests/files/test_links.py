"""Outputs named by symbolic links: what they lead to is written, or a sentence says why not."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from conftest import RasterMaker
from painted import PaintedModel, paint_town

import geoseg
from geoseg.errors import OutputError
from geoseg.export.opening import open_output
from geoseg.export.output import write_frame
from geoseg.files.atomic import put_in_place, scratch_folder
from geoseg.files.links import followed
from geoseg.files.target import check_target
from geoseg.labelled.writing import new_folder
from geoseg.models.exporting import GRAPHS, export_model
from geoseg.run.state.lock import parts_folder

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="links need a right of their own on Windows"
)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


def houses(count: int) -> gpd.GeoDataFrame:
    squares = [shapely.box(x, 0, x + 5, 5) for x in range(0, 10 * count, 10)]
    return gpd.GeoDataFrame({"x": range(count)}, geometry=squares, crs=32632)


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_of_a_format_is_written_where_a_link_leads(
    tmp_path: Path, disk: Path, there: bool
) -> None:
    real, link = disk / "real.gdb", tmp_path / "link.gdb"
    if there:
        write_frame(houses(1), real)
    link.symlink_to(real)
    open_output(link, overwrite=True)
    write_frame(houses(3), link)
    assert link.is_symlink()
    assert len(pyogrio.read_dataframe(real)) == 3
    assert [one.name for one in disk.iterdir()] == ["real.gdb"]


@pytest.mark.parametrize("there", [True, False])
def test_a_data_set_is_packed_where_a_link_leads(tmp_path: Path, disk: Path, there: bool) -> None:
    real, link = disk / "chips", tmp_path / "chips"
    if there:
        real.mkdir()
        (real / "old.npz").touch()
    link.symlink_to(real)
    with new_folder(link, overwrite=True) as writer:
        writer.record({"scenes": 0})
    assert link.is_symlink()
    assert [one.name for one in real.iterdir()] == ["dataset.json"]
    assert [one.name for one in disk.iterdir()] == ["chips"]


def test_a_file_made_apart_takes_the_place_of_what_a_link_leads_to(
    tmp_path: Path, disk: Path
) -> None:
    real, link = disk / "real.tif", tmp_path / "link.tif"
    real.write_text("old")
    link.symlink_to(real)
    with scratch_folder(link, "piece") as folder:
        assert folder.parent == disk
        (folder / "made.tif").write_text("new")
        put_in_place(folder / "made.tif", link)
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert [one.name for one in disk.iterdir()] == ["real.tif"]


def test_the_state_of_a_run_lies_where_its_output_does(tmp_path: Path, disk: Path) -> None:
    """The folder of the link may be read-only."""
    (tmp_path / "link.gpkg").symlink_to(disk / "real.gpkg")
    assert parts_folder(tmp_path / "link.gpkg") == disk / "real.gpkg.parts"


@pytest.mark.parametrize("name", ["t.shp", "t.csv", "t.dbf"])
def test_links_are_refused_where_files_must_lie_beside_each_other(
    tmp_path: Path, disk: Path, name: str
) -> None:
    (tmp_path / name).symlink_to(disk / f"real{Path(name).suffix}")
    output = tmp_path / ("t.csv" if name == "t.csv" else "t.shp")
    with pytest.raises(OutputError, match=rf"{name} is a symbolic link, and .*real\.") as told:
        open_output(output, overwrite=True)
    assert "several files" in str(told.value)
    assert (tmp_path / name).is_symlink()


@pytest.mark.parametrize("name", ["m.xml", "m.bin"])
def test_a_graph_of_two_files_is_refused_a_link(tmp_path: Path, disk: Path, name: str) -> None:
    (tmp_path / name).symlink_to(disk / "real")
    with pytest.raises(OutputError, match=f"{name} is a symbolic link"):
        export_model("default", tmp_path / "m.xml", overwrite=True)


def test_a_link_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").symlink_to(tmp_path / "b.onnx")
    (tmp_path / "b.onnx").symlink_to(tmp_path / "a.onnx")
    with pytest.raises(OutputError, match="leads in a circle"):
        check_target(tmp_path / "a.onnx", GRAPHS, overwrite=False)


def test_a_link_into_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").symlink_to(tmp_path / "gone/a.onnx")
    with pytest.raises(OutputError, match=r"gone/a\.onnx, whose folder does not exist"):
        check_target(tmp_path / "a.onnx", GRAPHS, overwrite=False)


def test_a_store_of_versions_is_not_written_to_through_its_links(
    tmp_path: Path, disk: Path
) -> None:
    """Such as DVC's and git-annex's: the file serves every version that is the same."""
    real, link = disk / "5d41402abc4b2a76", tmp_path / "b.gpkg"
    real.write_text("of all versions")
    real.chmod(0o444)
    link.symlink_to(real)
    with pytest.raises(OutputError, match=r"5d41402abc4b2a76, which is read-only"):
        open_output(link, overwrite=True)
    assert followed(link) == real


def test_a_link_to_a_folder_is_no_name_of_a_file(tmp_path: Path, disk: Path) -> None:
    (tmp_path / "b.gpkg").symlink_to(disk)
    with pytest.raises(OutputError, match=r"b\.gpkg is a folder; give the name of a file"):
        open_output(tmp_path / "b.gpkg", overwrite=True)


def test_a_run_and_its_raster_of_maps_go_where_links_lead(
    tmp_path: Path, disk: Path, make_raster: RasterMaker
) -> None:
    town = make_raster("town.tif", paint_town(60, 60)[0])
    link, raster = tmp_path / "b.gpkg", tmp_path / "p.tif"
    link.symlink_to(disk / "b.gpkg")
    raster.symlink_to(disk / "p.tif")
    done = geoseg.predict(town, link, model=PaintedModel(), overwrite=True)
    assert done.output == str(link)
    geoseg.maps(town, tmp_path / "maps", model=PaintedModel())
    geoseg.maps(tmp_path / "maps", raster)
    assert link.is_symlink()
    assert raster.is_symlink()
    assert sorted(one.name for one in disk.iterdir()) == ["b.gpkg", "p.tif"]
