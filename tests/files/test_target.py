import os
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from conftest import RasterMaker, transform_at
from painted import PaintedModel, paint_town

import geoseg
from geoseg.errors import OutputError, OutputExistsError, UsageError
from geoseg.files.target import PAGE, check_target, require_other
from geoseg.vectors.rows import usable


def test_a_free_name_is_given_back_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert check_target(Path("page.HTML"), PAGE, overwrite=False) == Path("page.HTML")
    assert check_target(Path("anything"), None, overwrite=False) == Path("anything")


@pytest.mark.parametrize("name", ["page.pdf", "page", "page.html.gz", ".html"])
def test_another_extension_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"allowed are \.html, \.htm$"):
        check_target(tmp_path / name, PAGE, overwrite=True)


def test_an_existing_file_is_refused_until_it_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.touch()
    with pytest.raises(OutputExistsError, match=r"page\.html is there already; .* --overwrite"):
        check_target(path, PAGE, overwrite=False)
    check_target(path, PAGE, overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "verb",
    [
        "report.csv",
        "report.gpkg",
        "report.shp",
        pytest.param("report.pdf", marks=pytest.mark.thorough),
        "to-coco",
    ],
)
def test_what_another_run_writes_meanwhile_stays(
    make_raster: RasterMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    overwrite: bool,
) -> None:
    """Both found the name free; the later one replaced what the first had written."""
    raster = make_raster("r.tif", np.zeros((3, 50, 50), np.uint8))
    left, top = transform_at().c, transform_at().f
    houses = gpd.GeoDataFrame(
        geometry=[shapely.box(left, top - 9, left + 9, top)], crs="EPSG:32645"
    )
    output = tmp_path / ("o.json" if verb == "to-coco" else verb.replace("report", "o"))

    def written_meanwhile(*given: Any) -> Any:
        output.write_text("of another run")
        return usable(*given)

    for module in ("geoseg.coco.write", "geoseg.vectors.buildings"):
        monkeypatch.setattr(f"{module}.usable", written_meanwhile)
    run = (
        partial(geoseg.to_coco, houses, output, [raster], overwrite=overwrite)
        if verb == "to-coco"
        else partial(geoseg.report, houses, output, overwrite=overwrite)
    )
    if overwrite:
        run()
    else:
        with pytest.raises(OutputExistsError, match="is there now, though it was not"):
            run()
        assert output.read_text() == "of another run"
        assert not list(tmp_path.glob("*.writing"))
        output.unlink()
        monkeypatch.undo()
        run()
    assert output.stat().st_size != len("of another run")


def test_what_another_program_writes_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "plots.gpkg"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE plots (plot_id, checked)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OutputError, match=r"\(database is locked\): another program"):
            check_target(path, None, overwrite=True)
        other.rollback()
        check_target(path, None, overwrite=True)
    path.write_bytes(b"no database, whatever its name says")
    check_target(path, None, overwrite=True)


def test_a_folder_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        check_target(tmp_path / "page.html", PAGE, overwrite=True)
    with pytest.raises(OutputError, match="does not exist; create it first"):
        check_target(tmp_path / "no" / "page.html", PAGE, overwrite=False)


def test_an_input_is_refused_under_any_of_its_names(tmp_path: Path) -> None:
    path = tmp_path / "buildings.gpkg"
    path.touch()
    os.link(path, tmp_path / "again.gpkg")
    with pytest.raises(UsageError, match=r"again\.gpkg is an input"):
        require_other(tmp_path / "again.gpkg", ["nowhere.gpkg", str(path)])
    with pytest.raises(UsageError, match=r"buildings\.gpkg is an input"):
        require_other(path, [f"GPKG:{path}:photo"])
    archive = tmp_path / "a.zip"
    archive.touch()
    for within in ("{}!b.shp", "zip://{}!b.shp", "/vsizip/{}/b.shp", "vrt://{}?bands=1"):
        with pytest.raises(UsageError, match=r"a\.zip is an input"):
            require_other(archive, [within.format(archive)])
    photo = tmp_path / "photo.tif"
    with rasterio.open(photo, "w", "GTiff", 1, 1, 1, dtype="uint8", crs="EPSG:32645",
                       transform=rasterio.Affine(1, 0, 5e5, 0, -1, 3e6)) as dataset:  # fmt: skip
        for given in (dataset, [photo], ("nowhere.tif", [dataset])):
            with pytest.raises(UsageError, match=r"photo\.tif is an input"):
                require_other(photo, [None, given])
    require_other(tmp_path / "new.gpkg", [path])
    require_other(path, [object(), tmp_path / "nowhere.gpkg"])


def test_what_was_edited_after_geoseg_wrote_it_is_not_replaced(
    tmp_path: Path, make_raster: RasterMaker
) -> None:
    path = tmp_path / "b.gpkg"
    geoseg.predict(make_raster("a.tif", paint_town(60, 60)[0]), path, model=PaintedModel())
    check_target(path, None, overwrite=True)
    _written_earlier(path)
    gpd.read_file(path, layer="buildings")
    check_target(path, None, overwrite=True)
    row = gpd.read_file(path, layer="buildings").iloc[:1]
    pyogrio.write_dataframe(row, path, layer="buildings", append=True)
    with pytest.raises(OutputExistsError, match=r"was edited at 20.* UTC, .*give another name"):
        check_target(path, None, overwrite=True)
    # What is measured anew of it is geoseg's own again.
    measured = tmp_path / "measured.gpkg"
    geoseg.recompute(path, measured)
    check_target(measured, None, overwrite=True)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE gpkg_metadata SET metadata = '{}'")
    check_target(path, None, overwrite=True)


def _written_earlier(path: Path) -> None:
    """An hour ago."""
    with closing(sqlite3.connect(path)) as file, file:
        for written in (
            "UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ', last_change, '-1 hour')",
            "UPDATE gpkg_metadata_reference SET timestamp = strftime('%Y-%m-%dT%H:%M:%fZ', timestamp, '-1 hour')",
        ):
            file.execute(written)
