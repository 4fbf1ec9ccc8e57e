"""Machine code that came with the package is used where it fits, and nowhere else."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import pytest
from llvmlite import binding
from packaging_scripts import script

from geoseg.checkup import looks
from geoseg.kernels import keeping, sharing, shipped, sources
from geoseg.kernels.sharing import Kept, keep
from geoseg.kernels.shipped import ABOUT, FOLDER, Shipped, fitting
from geoseg.kernels.sources import stamp

gathering = script("gather_code")
SOURCE = """
def twice(x):
    return x * 2
"""


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    shipped.shipped.cache_clear()
    yield
    shipped.shipped.cache_clear()


@pytest.fixture
def process(tmp_path: Path) -> Callable[[str], Any]:
    """A function as a process of its own has it, which keeps code in a folder of that name."""
    (tmp_path / "loops.py").write_text(SOURCE)

    def begin(kept: str) -> Any:
        spec = importlib.util.spec_from_file_location("loops", tmp_path / "loops.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        loop = numba.njit(module.twice)
        keep(loop, tmp_path / kept)
        return loop

    return begin


def cache_of(loop: Any) -> Kept:
    found = vars(loop)["_cache"]
    assert isinstance(found, Kept)
    return found


@pytest.fixture
def came(process: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shipped:
    """The function's code for whole numbers, as a package for this processor has it."""
    loop = process("makers")
    assert loop(2) == 4
    code = cache_of(loop).all_kept()
    (made_for,) = {key[1] for key in code}
    folder = tmp_path / "shipped"
    folder.mkdir()
    made = Shipped(folder, stamp(), made_for)
    made.write(cache_of(loop).name, code)
    made.describe()
    monkeypatch.setattr(shipped, "FOLDER", folder)
    shipped.shipped.cache_clear()
    return made


def misses(loop: Any) -> int:
    assert loop(2) == 4
    return sum(loop.stats.cache_misses.values())


def test_it_is_used_and_not_kept_again(
    process: Callable[[str], Any], came: Shipped, tmp_path: Path
) -> None:
    assert shipped.shipped() == came
    assert misses(process("users")) == 0
    assert not list((tmp_path / "users").glob("**/*.nb*"))


def test_types_that_did_not_come_are_compiled(process: Callable[[str], Any], came: Shipped) -> None:
    loop = process("users")
    assert (loop(2), loop(2.5)) == (4, 5.0)
    assert sum(loop.stats.cache_misses.values()) == 1
    assert came.read(cache_of(loop).name, "no such types") is None


def test_what_this_machine_kept_goes_first(
    process: Callable[[str], Any], came: Shipped, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(sharing, "shipped", lambda: None)
        assert misses(process("users")) == 1
    (came.folder / cache_of(process("users")).name).unlink()
    assert misses(process("users")) == 0


@pytest.mark.parametrize(
    "told",
    [
        {"stamp": "sources abc, numba 0.1"},
        {"processor": ["x86_64-unknown-linux-gnu", "tomorrow", "+sse2,+time-travel"]},
        {"processor": ["too", "short"]},
        {"processor": None},
    ],
)
def test_what_does_not_fit_is_not_used_without_a_word(
    process: Callable[[str], Any],
    came: Shipped,
    told: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    about = came.folder / ABOUT
    about.write_text(json.dumps(json.loads(about.read_text()) | told))
    with caplog.at_level(logging.INFO, "geoseg"):
        assert shipped.shipped() is None
        assert misses(process("users")) == 1
    assert [record.levelno for record in caplog.records] == [logging.INFO]


def test_every_feature_has_to_be_there(monkeypatch: pytest.MonkeyPatch, came: Shipped) -> None:
    (came.folder / ABOUT).write_text(
        json.dumps({"stamp": stamp(), "processor": ["a", "b", "+sse2,-sse3,+fma"]})
    )
    for here, fits in (
        ({"sse2": True, "fma": True}, True),
        ({"sse2": True, "fma": False}, False),
        ({"sse2": True}, False),
    ):
        monkeypatch.setattr(binding, "get_host_cpu_features", here.copy)
        assert (fitting(came.folder) is not None) is fits

    def unknown() -> None:
        raise RuntimeError

    monkeypatch.setattr(binding, "get_host_cpu_features", unknown)
    assert fitting(came.folder) is None


@pytest.mark.parametrize("damage", ["short", "bit", "empty", "gone", "other stamp"])
def test_a_damaged_file_is_compiled_without_a_word(
    process: Callable[[str], Any], came: Shipped, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = came.folder / cache_of(process("users")).name
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "other stamp":
        code = cache_of(process("makers")).all_kept()
        Shipped(came.folder, "sources of yesterday", came.processor).write(file.name, code)
    else:
        flipped = content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]
        file.write_bytes({"short": content[:-100], "bit": flipped, "empty": b""}[damage])
    assert misses(process("users")) == 1
    assert not caplog.records


@pytest.mark.parametrize("damage", ["short", "empty", "gone", "nothing told"])
def test_a_first_run_is_told_of_where_what_came_is_damaged(
    came: Shipped, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "kept_in", lambda: tmp_path / "nothing")
    monkeypatch.setattr(looks, "_numba_folder", lambda: tmp_path / "kept")
    assert keeping.is_compiled()
    (file,) = (one for one in came.folder.iterdir() if one.name != ABOUT)
    if damage == "nothing told":
        told = json.loads((came.folder / ABOUT).read_text())
        (came.folder / ABOUT).write_text(json.dumps(told | {"bytes": None}))
    elif damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-9] if damage == "short" else b"")
    assert not keeping.is_compiled()
    look = looks._loops()
    assert (look.state, "damaged" in look.told) == ("note", True)


def test_where_numba_is_switched_off_nothing_is_compiled_or_shipped(
    came: Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "kept_in", lambda: tmp_path / "nothing")
    for value, off in (("0", False), ("1", True)):
        monkeypatch.setenv("NUMBA_DISABLE_JIT", value)
        shipped.shipped.cache_clear()
        assert (shipped.shipped() is None) is off
        assert keeping.is_compiled()  # neither has to compile
        assert ("none, by NUMBA_DISABLE_JIT" in looks._loops().told) is off
    assert came.is_whole()


@pytest.mark.parametrize("name", ["NUMBA_CPU_NAME", "NUMBA_ENABLE_AVX", "NUMBA_OPT"])
def test_whoever_sets_how_code_is_made_gets_it_so(
    came: Shipped, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fitting(came.folder) is not None
    monkeypatch.setenv(name, "1")
    assert shipped.shipped() is None


def test_a_changed_source_of_any_room_makes_all_code_stale(
    tmp_path: Path, process: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = tmp_path / "one", tmp_path / "two"
    for room in rooms:
        room.mkdir()
        (room / "constants.py").write_text("LEAST = 1\n")
        os.utime(room / "constants.py", (1000, 1000))
    digest = sources.sources_digest.__wrapped__
    before = digest(rooms)
    (rooms[1] / "constants.py").write_text("LEAST = 2\n")
    os.utime(rooms[1] / "constants.py", (1000, 1000))
    assert digest(rooms) != before
    (rooms[1] / "constants.py").write_text("LEAST = 1\n")
    assert digest(rooms) == before
    (rooms[1] / "constants.py").rename(rooms[1] / "limits.py")
    assert digest(rooms) != before

    assert [misses(process("users")) for _ in range(2)] == [1, 0]
    monkeypatch.setattr(sharing, "stamp", lambda: "another state")
    assert [misses(process("users")) for _ in range(2)] == [1, 0]


def test_versions_that_bear_on_code_are_in_the_stamp(monkeypatch: pytest.MonkeyPatch) -> None:
    made = sources.stamp.__wrapped__
    for package, bears in (("numba", True), ("numpy", False), ("llvmlite", False)):
        monkeypatch.setattr(sources, "installed", lambda _: "1.2.3")
        before = made()
        monkeypatch.setattr(
            sources, "installed", lambda name, of=package: "1.2.4" if name == of else "1.2.3"
        )
        assert (made() != before) is bears, package
        monkeypatch.setattr(
            sources, "installed", lambda name, of=package: "1.3.3" if name == of else "1.2.3"
        )
        assert made() != before


def test_a_first_run_is_none_where_code_came(
    came: Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(keeping.OWN_CHOICE, raising=False)
    monkeypatch.setattr(keeping, "_writable", lambda _: False)  # a read-only package, and no home
    rooms = [tmp_path / "room"]
    folder = keeping.folder_elsewhere(rooms)
    assert folder is not None
    monkeypatch.setattr(keeping, "kept_in", lambda: folder)
    assert keeping.is_compiled()
    assert not caplog.records
    (came.folder / ABOUT).unlink()
    shipped.shipped.cache_clear()
    assert not keeping.is_compiled()
    keeping.folder_elsewhere(rooms)
    assert "compiled anew in every run" in caplog.text


def test_doctor_tells_of_it(came: Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_numba_folder", lambda: tmp_path / "kept")
    told = looks._loops()
    assert told.told.startswith(f"shipped with geoseg, for {came.processor[1]}; any others go to ")
    (tmp_path / "file").touch()
    monkeypatch.setattr(looks, "_numba_folder", lambda: tmp_path / "file" / "kept")
    assert looks._loops().state == "note"
    (came.folder / ABOUT).unlink()
    shipped.shipped.cache_clear()
    assert looks._loops().state == "broken"


def test_what_was_kept_is_shipped(
    process: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, idle = process("makers"), process("nobody")
    loop(2)
    caches = [cache_of(idle)]
    monkeypatch.setattr(gathering, "every_loop", lambda: caches)
    with pytest.raises(ValueError, match="one processor"):
        gathering.ship(tmp_path / "nothing")
    caches[0].name = "idle"
    caches.append(cache_of(loop))
    assert gathering.ship(tmp_path / "made") == ["idle"]
    found = fitting(tmp_path / "made")
    assert found is not None
    ((key, code),) = cache_of(loop).all_kept().items()
    assert found.read(cache_of(loop).name, key) == code


def test_every_loop_is_asked_for_under_a_name_of_its_own() -> None:
    names = [loop.name for loop in gathering.every_loop()]
    marks = sum(
        path.read_text(encoding="utf-8").count(mark)
        for room in sources.ROOMS
        for path in room.glob("*.py")
        for mark in ("\n@jit\n", "\n@inner_jit\n")
    )
    assert len(set(names)) == len(names) == marks


def test_a_checkout_has_none() -> None:
    assert not FOLDER.exists()
