"""Which names are addresses."""

from pathlib import Path

import pytest

from geoseg.addresses.urls import holding_file, http_address, is_local, named_for_gdal, unfolded


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("https://host/a.tif?sig=x", "https://host/a.tif?sig=x"),
        ("/vsicurl/http://host/a.tif", "http://host/a.tif"),
        ("/vsicurl?max_retry=3&url=https%3A%2F%2Fhost%2Fa.tif", "https://host/a.tif"),
        ("/vsicurl?max_retry=3", None),
        ("s3://bucket/a.tif", None),
        ("/vsizip//vsicurl/https://host/a.zip/a.tif", "https://host/a.zip"),
        ("/vsizip//vsis3/bucket/a.zip/a.tif", None),
        ("/vsicurl/ftp://host/a.tif", None),
        ("file:///etc/passwd", None),
        ("a.tif", None),
    ],
)
def test_a_server_is_asked_for_what_it_serves_alone(path: str, address: str | None) -> None:
    assert http_address(path) == address


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("/a/b.tif", "/a/b.tif"),
        ("/vsizip/a.zip/in/b.tif", "a.zip"),
        ("/vsizip//x.d/a.ZIP/b.zip.tif", "/x.d/a.ZIP"),
        ("/vsizip//x/a.zip", "/x/a.zip"),
        ("/vsizip/{/x/a.bin}/b.tif", "/x/a.bin"),
        ("/vsizip//vsizip//x/a.zip/b.zip/c.tif", "/x/a.zip"),
        ("/vsizip/vsicurl/https://h/a.zip/b.tif", "/vsicurl/https://h/a.zip"),
        ("/vsizip/{/vsicurl/https://h/a.zip?sig=x}/b.tif", "/vsicurl/https://h/a.zip?sig=x"),
        ("/vsitar//x/a.tar.gz/b.tif", "/x/a.tar.gz"),
        ("/vsigzip//vsis3/bucket/a.tif.gz", "/vsis3/bucket/a.tif.gz"),
        ("/vsisubfile/10_20,/x/a.bin", "/x/a.bin"),
        (
            "/vsicached?file=/vsicurl/https%3A%2F%2Fh%2Fa.tif&chunk_size=1",
            "/vsicurl/https://h/a.tif",
        ),
        ("zip://x/a.zip!b.tif", "x/a.zip"),
        ("zip+https://h/a.zip!b.tif", "https://h/a.zip"),
        ("zip+s3://bucket/a.zip!b.tif", "s3://bucket/a.zip"),
        ("x/a.zip!b.shp", "x/a.zip"),
        ("x/a!b.tif", "x/a!b.tif"),
        ("GPKG:/x/a.gpkg:photo", "/x/a.gpkg"),
        ("GPKG:C:/x/a.gpkg:photo", "C:/x/a.gpkg"),
        ("GPKG:/vsizip//x/a.zip/a.gpkg:photo", "/x/a.zip"),
        ("GTIFF_DIR:2:/x/a.tif", "/x/a.tif"),
        ('NETCDF:"/x/a b.nc":red', "/x/a b.nc"),
        ('HDF5:"/x/a.h5"://group/red', "/x/a.h5"),
        ("vrt:///x/a.tif?bands=3,2,1", "/x/a.tif"),
        ("PG:dbname=town", "PG:dbname=town"),
    ],
)
def test_what_lies_in_an_archive_is_held_by_it(path: str, held: str) -> None:
    assert holding_file(path) == held


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("{}/a.zip!b.tif", "/vsizip/{}/a.zip/b.tif"),
        ("{}/a.zip!/in/b.tif", "/vsizip/{}/a.zip/in/b.tif"),
        ("zip://{}/a.zip!b.tif", "/vsizip/{}/a.zip/b.tif"),
        ("zip+file://{}/a.zip!b.tif", "/vsizip/{}/a.zip/b.tif"),
        ("{}/a.zip/b.tif", "/vsizip/{}/a.zip/b.tif"),
        ("{}/a.zip", "/vsizip/{}/a.zip/NAME"),
        ("{}/a.tar.gz!b.tif", "/vsitar/{}/a.tar.gz/b.tif"),
        ("{}/none.zip!b.tif", None),
        ("/vsizip/{}/a.zip/b.tif", None),
        ("{}/a.tif", None),
    ],
)
def test_what_lies_in_an_archive_is_named_as_gdal_does(
    tmp_path: Path, path: str, named: str | None
) -> None:
    for name in ("a.zip", "a.tar.gz", "a.tif"):
        (tmp_path / name).touch()
    assert named_for_gdal(path.format(tmp_path)) == (named and named.format(tmp_path))


@pytest.mark.parametrize("path", ["a.tif", "/a/b.tif", "C:\\a.tif", "C:/a.tif"])
def test_files_are_local(path: str) -> None:
    assert is_local(path)


@pytest.mark.parametrize("path", ["https://h/a.tif", "/vsimem/a.tif", "GTIFF_DIR:1:a.tif"])
def test_other_names_are_not(path: str) -> None:
    assert not is_local(path)


@pytest.mark.parametrize(
    "name",
    [
        "https://host/a.tif?x=1",
        "s3://bucket/a.tif",
        "/vsicurl/https://host/a.tif",
        "/vsizip/vsicurl/https://host/a.zip/a.tif",
        "/vsizip/a.zip/a.tif",
        "a.tif",
        "C:/a.tif",
        "/a:b/c.tif",
        "GPKG:/a/b.gpkg:table",
        "GTI:/a/b.gti.gpkg",
        "NETCDF:/a/b.nc:band",
        "zip+https://host/a.zip!a.tif",
    ],
)
def test_a_path_gives_back_the_address_that_it_was_made_of(name: str) -> None:
    assert unfolded(Path(name)) == unfolded(name) == name


def test_a_path_gives_back_the_archive_that_it_names_in_full(tmp_path: Path) -> None:
    (tmp_path / "a.zip").touch()
    name = f"zip://{tmp_path}/a.zip!a.tif"
    assert unfolded(Path(name)) == unfolded(name) == name
