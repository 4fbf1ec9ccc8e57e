"""Packages that few runs need, loaded when they are asked."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from geoseg.run.lightly import load_when_asked


@pytest.fixture
def dear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a package that says when it is loaded."""
    package = tmp_path / "dear_package"
    package.mkdir()
    (package / "__init__.py").write_text("import sys\nsys.dear_loads += 1\nPRICE = 7\n")
    (package / "part.py").write_text("PART = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dear_loads", 0, raising=False)
    # What a test leaves in sys.modules goes with it.
    monkeypatch.setitem(sys.modules, "dear_package", None)
    del sys.modules["dear_package"]
    return package.name


def test_a_package_is_loaded_when_it_is_asked(dear: str) -> None:
    load_when_asked(dear)
    import dear_package  # type: ignore[import-not-found]

    assert find_spec(dear) is not None
    assert sys.dear_loads == 0  # type: ignore[attr-defined]
    assert dear_package.PRICE == 7
    from dear_package import PRICE

    assert PRICE == dear_package.PRICE
    assert sys.dear_loads == 1  # type: ignore[attr-defined]
    assert not hasattr(dear_package, "VALUE")


def test_what_is_missing_or_loaded_stays_so(dear: str) -> None:
    load_when_asked("dear_package_of_nobody")
    assert "dear_package_of_nobody" not in sys.modules
    import dear_package

    load_when_asked(dear)
    assert sys.modules[dear] is dear_package


def test_a_package_is_the_same_whatever_was_asked_first(dear: str) -> None:
    package = Path(find_spec(dear).origin).parent  # type: ignore[union-attr,arg-type]
    (package / "__init__.py").write_text("from dear_package.part import Part\n")
    (package / "part.py").write_text("class Part: pass\n")
    load_when_asked(dear)
    import dear_package.part  # type: ignore[import-not-found]

    first = sys.modules[dear]
    assert dear_package.Part is dear_package.part.Part
    assert sys.modules[dear] is first
    named: dict[str, object] = {}
    exec("from dear_package import *", named)  # noqa: S102  # functions cannot
    assert named["Part"] is dear_package.Part


def test_a_package_that_cannot_be_loaded_says_so_each_time(dear: str) -> None:
    package = Path(find_spec(dear).origin).parent  # type: ignore[union-attr,arg-type]
    (package / "__init__.py").write_text("import nobody_has_this\n")
    load_when_asked(dear)
    import dear_package

    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="nobody_has_this"):
            dear_package.PRICE  # noqa: B018
    assert dear not in sys.modules
