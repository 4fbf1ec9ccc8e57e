"""Rasters in buckets, archives and VRTs that are replaced between a run and its resume, or meanwhile."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from painted import PaintedModel, paint_town
from s3_server import SECRET_KEY, Bucket
from stopped_runs import (
    OPTIONS,
    SECRET,
    SIGNED,
    TILED,
    Served,
    StoppedModel,
    content,
    holders_of,
    interrupted,
    rows,
)
from tries import first

import geoseg
from geoseg.errors import GeosegError, ResumeError, UnreachableRasterError, UnreadableRasterError
from geoseg.raster.identity import FileIdentity
from geoseg.raster.source import inspect

pytestmark = pytest.mark.usefixtures("quick")
Write = Callable[[str], Path]


@pytest.fixture(scope="module")
def running_bucket() -> Iterator[Bucket]:
    with Bucket() as bucket:
        yield bucket


@pytest.fixture
def bucket(running_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in running_bucket.environment.items():
        monkeypatch.setenv(name, value)
    return running_bucket


@pytest.fixture
def pictures(make_raster: Any) -> tuple[Path, Path]:
    """Two of one size, to the byte."""
    pixels = paint_town(700, 120)[0]
    one, other = (
        make_raster("one.tif", pixels, **TILED),
        make_raster("other.tif", np.flip(pixels, axis=2), **TILED),
    )
    assert one.stat().st_size == other.stat().st_size
    return one, other


def zipped(path: Path, picture: Path) -> None:
    times = path.stat() if path.exists() else None
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(picture, "in/town.tif")
    if times is not None:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replaced_is_refused(address: str, output: Path, put: Callable[[int], None]) -> None:
    """``put`` puts one of two pictures in its place."""
    put(0)
    interrupted(address, output)
    put(1)
    with pytest.raises(ResumeError, match=r" was changed since"):
        geoseg.predict(address, output, model=PaintedModel(), resume=True, **OPTIONS)
    model = StoppedModel(lambda: put(0))
    with pytest.raises(UnreadableRasterError, match=r" was changed or removed while"):
        geoseg.predict(address, model=model, **OPTIONS)


@pytest.mark.thorough
@pytest.mark.parametrize("address", ["s3://photos/town.tif", "/vsis3/photos/town.tif"])
def test_an_object_of_a_bucket(
    bucket: Bucket, pictures: tuple[Path, Path], tmp_path: Path, address: str
) -> None:
    output = tmp_path / "b.gpkg"
    replaced_is_refused(address, output, lambda which: bucket.put("town.tif", pictures[which]))
    bucket.put("town.tif", pictures[0])
    summary = geoseg.predict(address, output, model=PaintedModel(), resume=True, **OPTIONS)
    here = geoseg.predict(pictures[0], model=PaintedModel(), **OPTIONS)
    assert content(output).equals(rows(here))
    assert summary.requests
    assert holders_of(SECRET_KEY, tmp_path) == []


@pytest.mark.thorough
def test_an_object_that_is_gone(bucket: Bucket, pictures: tuple[Path, Path]) -> None:
    bucket.put("gone.tif", pictures[0])
    model = StoppedModel(lambda: bucket.remove("gone.tif"))
    with pytest.raises(UnreadableRasterError, match=r"gone\.tif.* (404|changed or removed)"):
        geoseg.predict("s3://photos/gone.tif", model=model, **OPTIONS)
    with pytest.raises(UnreachableRasterError, match="answers 404 Not Found"):
        geoseg.predict("s3://photos/gone.tif", model=PaintedModel(), **OPTIONS)


@pytest.mark.parametrize("address", ["/vsizip/{}/in/town.tif", "zip://{}!in/town.tif"])
def test_an_archive_here(pictures: tuple[Path, Path], tmp_path: Path, address: str) -> None:
    archive = tmp_path / "a.zip"
    replaced_is_refused(
        address.format(archive), tmp_path / "b.gpkg", lambda which: zipped(archive, pictures[which])
    )


@pytest.mark.thorough
@pytest.mark.parametrize(
    "address", first(1, ["/vsizip//vsicurl/{}/in/town.tif", "zip+{}!in/town.tif"])
)
def test_an_archive_on_a_server(
    town: Served, pictures: tuple[Path, Path], tmp_path: Path, address: str
) -> None:
    archive = town.path.with_name("a.zip")

    def put(which: int) -> None:
        town.server.order(etag=f'"{which}"')
        zipped(archive, pictures[which])

    served = town.address().replace("town.tif", "a.zip")
    replaced_is_refused(address.format(served), tmp_path / "b.gpkg", put)


@pytest.mark.thorough
def test_an_archive_in_a_bucket(
    bucket: Bucket, pictures: tuple[Path, Path], tmp_path: Path
) -> None:
    def put(which: int) -> None:
        zipped(tmp_path / "a.zip", pictures[which])
        bucket.put("a.zip", tmp_path / "a.zip")

    replaced_is_refused("/vsizip//vsis3/photos/a.zip/in/town.tif", tmp_path / "b.gpkg", put)


def vrt(path: Path, *names: str) -> Path:
    """A VRT over rasters that lie on each other."""
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}">'
        + "".join(
            f"<SimpleSource><SourceFilename>{name.replace('&', '&amp;')}</SourceFilename>"
            f"<SourceBand>{band}</SourceBand></SimpleSource>"
            for name in names
        )
        + "</VRTRasterBand>"
        for band in (1, 2, 3)
    )
    path.write_text(
        '<VRTDataset rasterXSize="120" rasterYSize="700"><SRS>EPSG:32645</SRS><GeoTransform>'
        f"345600, .3, 0, 3072000, 0, -.3</GeoTransform>{bands}</VRTDataset>"
    )
    return path


def overwritten(path: Path, picture: Path) -> None:
    """Other bytes of the same size at the same time."""
    times = path.stat()
    path.write_bytes(picture.read_bytes())
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("depth", [1, 3])
def test_what_a_vrt_names(pictures: tuple[Path, Path], tmp_path: Path, depth: int) -> None:
    named, copies = tmp_path / "named.tif", [picture.read_bytes() for picture in pictures]
    named.write_bytes(copies[0])
    outer = named
    for number in range(depth):
        outer = vrt(tmp_path / f"{number}.vrt", str(outer))

    def put(which: int) -> None:
        times = named.stat()
        named.write_bytes(copies[which])
        os.utime(named, ns=(times.st_atime_ns, times.st_mtime_ns))

    replaced_is_refused(str(outer), tmp_path / "b.gpkg", put)


@pytest.mark.thorough
@pytest.mark.parametrize(("prefix", "heads"), [("/vsicurl/", 200), ("/vsicurl/", 403), ("", 200)])
def test_a_vrt_of_signed_addresses(
    town: Served, tmp_path: Path, prefix: str, heads: int, caplog: pytest.LogCaptureFixture
) -> None:
    out, output = tmp_path / "out", tmp_path / "out" / "b.gpkg"
    out.mkdir()
    town.server.order(etag='"1"', heads=heads)
    outer = vrt(tmp_path / "outer.vrt", str(vrt(tmp_path / "a.vrt", prefix + town.address(SIGNED))))
    interrupted(str(outer), output)
    vrt(tmp_path / "a.vrt", prefix + town.address("?sig=an0ther"))
    town.server.order(etag='"2"', heads=heads)
    with pytest.raises(ResumeError, match=r" was changed since"):
        geoseg.predict(outer, output, model=PaintedModel(), resume=True, **OPTIONS)
    town.server.order(etag='"1"', heads=heads)
    geoseg.predict(outer, output, model=PaintedModel(), resume=True, **OPTIONS)
    here = geoseg.predict(town.path, model=PaintedModel(), **OPTIONS)
    assert content(output).equals(rows(here))
    for secret in (SECRET, "an0ther"):
        assert holders_of(secret, out) == []
        assert secret not in caplog.text


def test_the_fault_of_a_server_that_a_vrt_names_is_told(town: Served, tmp_path: Path) -> None:
    town.server.order()
    outer = vrt(tmp_path / "a.vrt", "/vsicurl/" + town.address(SIGNED))
    model = StoppedModel(lambda: town.server.order(status=503))
    with pytest.raises(UnreachableRasterError, match="503 Service Unavailable") as caught:
        geoseg.predict(outer, model=model, **OPTIONS)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_cannot_be_told_apart_is_not_gone_on_with(
    pictures: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from rasterio.io import MemoryFile

    with MemoryFile(pictures[0].read_bytes(), filename="town.tif") as file:
        interrupted(file.name, tmp_path / "b.gpkg")
        assert "this run cannot be resumed: " in caplog.text
        with pytest.raises(ResumeError, match="nothing tells"):
            geoseg.predict(
                file.name, tmp_path / "b.gpkg", model=PaintedModel(), resume=True, **OPTIONS
            )


def test_a_text_of_xml_is_no_name(tmp_path: Path) -> None:
    text = vrt(tmp_path / "a.vrt", f"http://127.0.0.1:9/a.tif{SIGNED}").read_text()
    with pytest.raises(GeosegError, match=r"write it to a \.vrt file") as caught:
        geoseg.predict(text, model=PaintedModel())
    assert SECRET not in str(caught.value)


@pytest.mark.thorough
def test_a_second_run_of_one_process_reads_what_lies_there_now(
    town: Served, pictures: tuple[Path, Path]
) -> None:
    for number, picture in enumerate(pictures):
        town.server.order(etag=f'"{number}"')
        town.path.write_bytes(picture.read_bytes())
        found = geoseg.predict(town.address(), model=PaintedModel(), **OPTIONS)
        here = geoseg.predict(picture, model=PaintedModel(), **OPTIONS)
        assert found.geometry.to_wkb().equals(here.geometry.to_wkb())


def test_a_raster_that_is_replaced_while_it_is_opened(
    town: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geoseg.raster import mosaic

    def late(*arguments: Any, **options: Any) -> Any:
        town.server.order(etag='"2"')
        return inspect(*arguments, **options)

    inspect = mosaic.inspect
    monkeypatch.setattr(mosaic, "inspect", late)
    town.server.order()
    told = r"town\.tif was changed or removed while .* --resume where what is finished is kept"
    with pytest.raises(UnreadableRasterError, match=told):
        geoseg.predict(town.address(), model=PaintedModel(), **OPTIONS)  # nothing is


def test_the_rasters_of_a_tile_index(pictures: tuple[Path, Path], tmp_path: Path) -> None:
    named, copies = tmp_path / "named.tif", [picture.read_bytes() for picture in pictures]
    named.write_bytes(copies[0])
    with rasterio.open(named) as raster:
        place = [shapely.box(*raster.bounds)]
    index = gpd.GeoDataFrame({"location": [str(named)]}, geometry=place, crs=32645)
    index.to_file(tmp_path / "a.gti.gpkg", layer="a")

    def put(which: int) -> None:
        times = named.stat()
        named.write_bytes(copies[which])
        os.utime(named, ns=(times.st_atime_ns, times.st_mtime_ns))

    replaced_is_refused(f"GTI:{tmp_path / 'a.gti.gpkg'}", tmp_path / "b.gpkg", put)


@pytest.mark.thorough
def test_a_service_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "w.xml"
    path.write_text(
        '<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}.png?key='
        f"{SECRET}</ServerUrl></Service><DataWindow><UpperLeftX>345600</UpperLeftX><UpperLeftY>"
        "3072000</UpperLeftY><LowerRightX>345700</LowerRightX><LowerRightY>3071900</LowerRightY>"
        "<SizeX>200</SizeX><SizeY>200</SizeY></DataWindow><Projection>EPSG:32645</Projection>"
        "<BandsCount>3</BandsCount></GDAL_WMS>"
    )
    assert FileIdentity.of(inspect(str(path)).files[-1]).unknown
