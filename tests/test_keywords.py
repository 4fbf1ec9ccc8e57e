"""Wrong keywords of public functions."""

from __future__ import annotations

import inspect
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import geoseg
from geoseg.errors import UsageError
from geoseg.keywords import checked_keywords


@checked_keywords
def draw(path: str, *, tile_px: int = 3, gsd_m: float | None = None) -> tuple[str, int]:
    """Draw."""
    return path, tile_px + int(gsd_m or 0)


def test_right_keywords_pass() -> None:
    assert draw("a", tile_px=4) == ("a", 4)
    assert draw(path="a", gsd_m=2.0) == ("a", 5)
    assert (draw.__name__, draw.__doc__) == ("draw", "Draw.")
    assert list(inspect.signature(draw).parameters) == ["path", "tile_px", "gsd_m"]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("tile", "draw() has no option 'tile'; did you mean 'tile_px'?"),
        ("gsd", "draw() has no option 'gsd'; did you mean 'gsd_m'?"),
        ("colour", "draw() has no option 'colour'; its options are path, tile_px, gsd_m"),
    ],
)
@pytest.mark.parametrize("caught", [TypeError, UsageError])
def test_a_wrong_keyword_is_told_with_the_nearest(
    name: str, advice: str, caught: type[Exception]
) -> None:
    with pytest.raises(caught) as told:
        draw("a", **{name: 5})  # type: ignore[arg-type]
    assert str(told.value) == advice


def test_predict_names_the_nearest_option_before_it_looks_at_anything() -> None:
    with pytest.raises(TypeError) as told:
        geoseg.predict("absent.tif", tile=512)  # type: ignore[call-overload]
    assert str(told.value) == "predict() has no option 'tile'; did you mean 'tile_px'?"


@checked_keywords
def read(
    path: str | Path, output: str | os.PathLike[str] | None = None,
    *, rasters: str | Path | Sequence[str | Path] = (),
) -> None:  # fmt: skip
    """Read."""


def test_paths_are_told_from_everything_else() -> None:
    read("a", Path("b"), rasters=["a", Path("b")])
    read(Path("a"), rasters=(name for name in "ab"))
    read("a", None, rasters=())
    for wrong in (None, 5, b"a", ["a"], io.BytesIO(b"a"), np.zeros(3)):
        with pytest.raises(TypeError, match=r"^read\(\) takes a path for 'path'; got "):
            read(wrong)  # type: ignore[arg-type]
    for wrong in (None, 5, b"a", [5], [None], io.BytesIO(b"a"), np.zeros(3)):
        with pytest.raises(
            UsageError, match=r"^read\(\) takes a path or several for 'rasters'; got"
        ):
            read("a", rasters=wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"takes a path for 'output'; got True \(bool\)"):
        read("a", output=True)  # type: ignore[arg-type]


def test_names_that_are_not_in_utf8_are_told_readably() -> None:
    name = "d\udce9/a.tif"
    for given in (name, Path(name), ["a", name]):
        with pytest.raises(UsageError, match=r"^the name d\\x.*a\.tif is not in UTF-8"):
            read("a", rasters=given)


PUBLIC = [name for name in geoseg.__all__ if inspect.isfunction(getattr(geoseg, name))]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_function_tells_of_a_wrong_keyword(name: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name}\(\) has no option 'overwrit';"):
        getattr(geoseg, name)("absent", "absent", overwrit=True)
