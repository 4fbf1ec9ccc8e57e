"""The turn that a picture asks for is read, and nonsense is no turn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoseg.files.exif import orientation

Image = pytest.importorskip("PIL.Image")


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_as_pillow_writes_it(tmp_path: Path, suffix: str, turn: int) -> None:
    image = Image.fromarray(np.zeros((5, 7, 3), np.uint8))
    exif = image.getexif()
    exif[274] = turn
    options = {"tiffinfo": {274: turn}} if suffix == ".tif" else {"exif": exif}
    image.save(tmp_path / f"a{suffix}", **options)
    assert orientation(tmp_path / f"a{suffix}") == turn
    image.save(tmp_path / f"b{suffix}")
    assert orientation(tmp_path / f"b{suffix}") == 1


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"II*\0", b"MM\0*", b""]),
    st.binary(max_size=80),
)
def test_nonsense_is_no_turn(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "nonsense"
    path.write_bytes(head + rest)
    assert 1 <= orientation(path) <= 8


def test_what_is_no_file(tmp_path: Path) -> None:
    assert orientation(tmp_path) == orientation(tmp_path / "none.png") == 1
