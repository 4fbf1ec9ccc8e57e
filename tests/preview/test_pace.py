"""What a benchmark found is believed on the machine and by the version that it was found by alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from geoseg.errors import OutputError
from geoseg.files.cache import cache_folder
from geoseg.preview.pace import FILE, Asked, Pace

ASKED = Asked("0123")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("geoseg.files.cache.cache_folder", lambda: tmp_path / "cache" / "geoseg")
    return tmp_path / "cache" / "geoseg"


def test_it_is_found_again() -> None:
    assert Pace.kept(ASKED) is None
    kept = Pace.here(ASKED, 1.7)
    kept.keep()
    assert Pace.kept(ASKED) == kept
    Pace.here(ASKED, 1.8).keep()
    assert Pace.kept(ASKED).times_reckoned == 1.8  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "other",
    [Asked("4567"), Asked("0123", device="cuda"), Asked("0123", precision="bf16"),
     Asked("0123", runtime="torch")],
    ids=["model", "device", "precision", "runtime"],
)  # fmt: skip
def test_other_runs_are_not_these(other: Asked) -> None:
    Pace.here(ASKED, 1.7).keep()
    assert Pace.kept(other) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "0.0.0"}, {"processor": "abacus"}, {"cores": 1000}, {"times_reckoned": 0},
        {"times_reckoned": "much"}, {"asked": None}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_stale_or_damaged_is_ignored(changed: dict[str, Any]) -> None:
    path = Pace.here(ASKED, 1.7).keep()
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    assert Pace.kept(ASKED) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "\x00", "null"])
def test_no_json_of_ours_is_ignored(home: Path, text: str) -> None:
    home.mkdir(parents=True)
    (home / FILE).write_text(text)
    assert Pace.kept(ASKED) is None


def test_where_nothing_can_be_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.parent.mkdir()
    home.touch()
    with pytest.raises(OutputError, match="cannot be written"):
        Pace.here(ASKED, 1.7).keep()
    monkeypatch.setattr("geoseg.files.cache.cache_folder", lambda: None)
    with pytest.raises(OutputError, match="no home"):
        Pace.here(ASKED, 1.7).keep()
    assert Pace.kept(ASKED) is None


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("geoseg.files.cache.sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "geoseg"
    monkeypatch.setattr("geoseg.files.cache.sys.platform", "win32")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert cache_folder() is None
