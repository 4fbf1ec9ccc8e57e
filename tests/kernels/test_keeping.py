"""Where machine code is kept: never where others could put theirs."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from geoseg.files import cache
from geoseg.kernels import keeping
from geoseg.kernels.keeping import OWN_CHOICE, PYTHON, folder_elsewhere, forget_stale_code
from geoseg.kernels.sources import sources_digest, stamp


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two rooms of a package, and a home, a cache and a temporary folder of their own."""
    monkeypatch.delenv(OWN_CHOICE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache.sys, "platform", "linux")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(keeping.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.setattr(keeping.tempfile, "tempdir", str(tmp_path / "tmp"))
    made = [tmp_path / "package" / name for name in ("one", "two")]
    for room in made:
        room.mkdir(parents=True)
        (room / "loops.py").write_text("")
    return made


def only_below(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what lies in ``folder`` can be written to."""
    tried = keeping._writable
    monkeypatch.setattr(
        keeping, "_writable", lambda path: path.is_relative_to(folder) and tried(path)
    )


def test_beside_the_sources_where_that_can_be(rooms: list[Path]) -> None:
    assert folder_elsewhere(rooms) is None


def test_in_the_users_cache_where_it_cannot(
    rooms: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_below(tmp_path / "cache", monkeypatch)
    first = folder_elsewhere(rooms)
    assert first is not None
    assert first.parent == tmp_path / "cache" / "geoseg"
    assert folder_elsewhere(rooms) == first
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    (rooms[1] / "loops.py").write_text("MOST = 2")
    sources_digest.cache_clear()
    assert folder_elsewhere(rooms) != first  # another state of any source, other code


def test_in_the_temporary_folder_without_a_home(
    rooms: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_below(tmp_path / "tmp", monkeypatch)
    folder = folder_elsewhere(rooms)
    assert folder is not None
    assert folder.is_relative_to(tmp_path / "tmp" / f"geoseg-{os.getuid()}")


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_what_others_can_write_to_is_not_used_but_told_of(
    rooms: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    mode: int,
) -> None:
    only_below(tmp_path / "tmp", monkeypatch)
    shared = tmp_path / "tmp" / f"geoseg-{os.getuid()}"
    shared.mkdir()
    shared.chmod(mode)
    folder = folder_elsewhere(rooms)
    assert folder is not None
    assert not folder.is_relative_to(shared)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "compiled anew in every run" in caplog.text
    assert OWN_CHOICE in caplog.text


def test_code_of_other_sources_is_forgotten_after_a_month(
    rooms: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_below(tmp_path / "cache", monkeypatch)
    place = tmp_path / "cache" / "geoseg"
    mine = place / f"kernels-{sources_digest(tuple(rooms))}"
    others = {name: place / name for name in ("kernels-old", "kernels-young", "results-old")}
    month_ago = time.time() - 31 * 24 * 3600
    elsewhere = tmp_path / "elsewhere"
    for folder in (mine, *others.values(), elsewhere):
        folder.mkdir(parents=True)
        folder.chmod(0o700)
        (folder / "loop.nbi").touch()
        if folder.name != "kernels-young":
            os.utime(folder, (month_ago, month_ago))
    place.chmod(0o700)
    (place / "kernels-link").symlink_to(elsewhere)
    for _ in range(2):  # whose age the first began anew
        assert folder_elsewhere(rooms) == mine
        assert (mine / "loop.nbi").exists()
        assert [one.exists() for one in others.values()] == [False, True, True]
        assert (elsewhere / "loop.nbi").exists()


def test_a_choice_of_the_users_stands(
    rooms: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only_below(tmp_path / "cache", monkeypatch)
    monkeypatch.setenv(OWN_CHOICE, str(tmp_path))
    assert folder_elsewhere(rooms) is None


def test_code_of_another_state_of_any_source_is_forgotten(rooms: list[Path]) -> None:
    code = [room / "__pycache__" / f"loops.loop-2.{PYTHON}.nbi" for room in rooms]
    others = rooms[0] / "__pycache__" / "loops.loop-2.py30.nbi"

    def compiled() -> None:
        for path in (*code, others):
            path.parent.mkdir(exist_ok=True)
            path.touch()

    def left() -> list[bool]:
        forget_stale_code(rooms)
        return [path.exists() for path in code]

    compiled()  # by a version that did not say of what
    assert left() == [False, False]
    compiled()
    assert left() == [True, True]
    time = (rooms[1] / "loops.py").stat().st_mtime_ns
    (rooms[1] / "loops.py").write_text("MOST = 2")
    os.utime(rooms[1] / "loops.py", ns=(time, time))
    sources_digest.cache_clear()
    stamp.cache_clear()
    assert left() == [False, False]
    assert others.exists()
