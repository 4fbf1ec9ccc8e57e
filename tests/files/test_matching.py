"""Names that other files write, and the files that they mean."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoseg.files.matching import match_files, parts_of, unique_names
from geoseg.files.png import SIGNATURE, png_damage

FOLDERS = ["west", "east", "a", "images"]
PATHS = st.lists(
    st.builds(
        lambda folders, name: "/".join(["/t", *folders, name]),
        st.lists(st.sampled_from(FOLDERS), max_size=4),
        st.sampled_from(["1.tif", "2.tif", "Ort ho.tif"]),
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(paths=PATHS, windows=st.booleans(), data=st.data())
def test_names_written_for_files_mean_these_files(
    paths: list[str], windows: bool, data: st.DataObject
) -> None:
    names = unique_names(paths)
    assert len(set(names)) == len(paths)
    if windows:
        names = [name.replace("/", "\\") for name in names]
    order = data.draw(st.permutations(range(len(paths))))
    found = match_files(names, [paths[number] for number in order])
    assert {name: order[file] for name, file in found.files.items()} == dict(
        enumerate(order_of(paths))
    )
    assert not found.ambiguous
    assert not found.shared
    assert not found.renamed


def order_of(paths: list[str]) -> range:
    return range(len(paths))


def test_a_name_of_its_own_needs_no_folder() -> None:
    assert unique_names(["/t/a/1.tif", "/t/a/2.tif"]) == ["1.tif", "2.tif"]
    assert unique_names(["/t/a/1.tif", "/t/b/1.tif"]) == ["a/1.tif", "b/1.tif"]
    assert unique_names(["/t/a/1.tif", "/t/a/a/1.tif"]) == ["t/a/1.tif", "a/a/1.tif"]
    assert parts_of("C:\\data\\.\\images\\x.tif") == ("C:", "data", "images", "x.tif")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("images\\west\\1.tif", "/t/west/1.tif"),
        ("TILE.TIF", "/t/tile.tif"),
        ("my%20tile.tif", "/t/my tile.tif"),
        ("Zu\u0308rich.tif", "/t/Z\u00fcrich.tif"),
        ("tile.png", "/t/tile.tif"),
        ("tile_png.rf.0a1b2c3d4e5f.jpg", "/t/tile.tif"),
        ("../upload/2/0a1b2c3d-tile.jpg", "/t/tile.tif"),
        ("tile_mask.png", "/t/tile_sat.jpg"),
    ],
)
def test_names_as_tools_write_them(name: str, file: str) -> None:
    assert match_files([name], ["/t/other.tif", file]).files == {0: 1}


def test_what_is_not_clear_is_not_guessed() -> None:
    both = match_files(["1.tif"], ["/t/a/1.tif", "/t/b/1.tif"])
    assert (both.files, both.ambiguous) == ({}, {0: (0, 1)})
    one = match_files(["1.tif", "x/1.tif"], ["/t/a/1.tif"])
    assert (one.files, one.shared) == ({}, {0: (0, 1)})
    assert match_files(["a/1.tif", "b/1.tif"], ["/t/a/1.tif"]).files == {0: 0}
    # A file that has its own name already is not taken for another.
    assert match_files(["tile.png", "tile_mask.png"], ["/t/tile.png"]).files == {0: 0}


def test_a_png_is_whole_or_not(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    whole = SIGNATURE + chunk(b"IHDR", bytes(13)) + chunk(b"IDAT", b"12345") + chunk(b"IEND", b"")
    path = tmp_path / "a.png"
    path.write_bytes(whole + b"anything")
    assert png_damage(path) is None
    path.write_bytes(whole[:-20])
    assert png_damage(path) == "it ends before its end"
    path.write_bytes(whole.replace(b"12345", b"12354"))
    assert png_damage(path) == "a checksum is wrong"
    path.write_bytes(b"II*\x00")
    assert png_damage(path) is None
