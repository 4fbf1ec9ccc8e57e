"""Which names are addresses."""

import pytest

from geoseg.addresses.urls import http_address, is_local


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("https://host/a.tif?sig=x", "https://host/a.tif?sig=x"),
        ("/vsicurl/http://host/a.tif", "http://host/a.tif"),
        ("/vsicurl?max_retry=3&url=https%3A%2F%2Fhost%2Fa.tif", "https://host/a.tif"),
        ("/vsicurl?max_retry=3", None),
        ("s3://bucket/a.tif", None),
        ("/vsizip//vsicurl/https://host/a.zip/a.tif", None),
        ("/vsicurl/ftp://host/a.tif", None),
        ("file:///etc/passwd", None),
        ("a.tif", None),
    ],
)
def test_a_server_is_asked_for_what_it_serves_alone(path: str, address: str | None) -> None:
    assert http_address(path) == address


@pytest.mark.parametrize("path", ["a.tif", "/a/b.tif", "C:\\a.tif", "C:/a.tif"])
def test_files_are_local(path: str) -> None:
    assert is_local(path)


@pytest.mark.parametrize("path", ["https://h/a.tif", "/vsimem/a.tif", "GTIFF_DIR:1:a.tif"])
def test_other_names_are_not(path: str) -> None:
    assert not is_local(path)
