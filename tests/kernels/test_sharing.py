"""Processes that compile at the same time never get the code for other types, or of other sources."""

from __future__ import annotations

import errno
import importlib.util
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
import pytest
from numba.core.caching import IndexDataCacheFile

from geoseg.kernels import sharing
from geoseg.kernels.sharing import keep
from geoseg.kernels.unionfind import find

STEPS = ("read", "index", "data")
SOURCE = """
def twice(x):
    return x * 2
"""


@pytest.fixture
def process(tmp_path: Path) -> Callable[[], Any]:
    """What a process of its own would have: a function that is not compiled, kept in one folder."""
    (tmp_path / "loops.py").write_text(SOURCE)

    def begin() -> Any:
        spec = importlib.util.spec_from_file_location("loops", tmp_path / "loops.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        loop = numba.njit(module.twice)
        keep(loop, tmp_path / "code")
        return loop

    return begin


def test_an_index_never_leads_to_the_code_for_other_types(
    tmp_path: Path,
) -> None:
    """Two have read the index before either writes it; the last index is one's, the last code the other's."""

    class InStep(sharing._Files):
        def _save_index(self, overloads: dict[str, str]) -> None:
            kind = reached(*overloads, "read")
            wait_for("float read" if kind == "int" else "int index")
            super()._save_index(overloads)
            reached(kind, "index")

        def _save_data(self, name: str, data: str) -> None:
            if data == "int":
                wait_for("float data")
            super()._save_data(name, data)
            reached(data, "data")

    steps = {f"{kind} {step}": threading.Event() for kind in ("int", "float") for step in STEPS}

    def reached(kind: str, step: str) -> str:
        steps[f"{kind} {step}"].set()
        return kind

    def wait_for(step: str) -> None:
        assert steps[step].wait(20)

    with ThreadPoolExecutor(2) as two:
        for done in [
            two.submit(InStep(str(tmp_path), "loop", "stamp").save, kind, kind)
            for kind in ("int", "float")
        ]:
            done.result()
    later = sharing._Files(str(tmp_path), "loop", "stamp")
    assert later.load("float") == "float"
    assert later.load("int") in {None, "int"}


def test_the_index_of_a_killed_process_leads_to_no_code_of_an_earlier_source(
    process: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written before the code itself."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    assert process()(2) == 4
    (tmp_path / "loops.py").write_text(SOURCE.replace("x * 2", "x * 30"))
    with monkeypatch.context() as dying:
        dying.setattr(IndexDataCacheFile, "_save_data", killed)
        with suppress(KeyboardInterrupt):
            process()(2)
    assert process()(2) == 60
    loop = process()
    assert loop(2) == 60
    assert not loop.stats.cache_misses


def test_numbas_own_setting_stays_and_matters_not(
    process: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is for all functions of a process, and read anew when a loop is compiled in another environment."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "others"))
    process()(2)
    assert str(tmp_path / "others") == numba.config.CACHE_DIR
    assert not (tmp_path / "others").exists()
    assert list((tmp_path / "code").glob("*/*.nbc"))


def test_all_loops_are_kept_so() -> None:
    assert isinstance(vars(find)["_cache"], sharing.Kept)
    keep(len, None)  # as a loop is where numba is switched off


def test_a_full_disk_keeps_nothing_and_stops_nothing(
    process: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    sharing._warn.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(sharing._Files, "_save_data", full)
        loop = process()
        assert (loop(2), loop(2.5)) == (4, 5.0)
    assert caplog.text.count("cannot be kept in") == 1  # of two sets of types
    assert "(No space left on device), so the next run compiles them again" in caplog.text
    later = process()
    assert (later(2), later(2.5)) == (4, 5.0)
    assert process()(2) == 4
