"""One run at a time per output, whoever else is there or was."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psutil
import pytest

from geoseg.errors import OutputError, OutputInUseError
from geoseg.run.state import lock
from geoseg.run.state.lock import STALE_S, OutputLock, Owner, parts_folder

HOLD = """
import sys
from pathlib import Path
from geoseg.run.state.lock import OutputLock

with OutputLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "b.gpkg"


def hold_elsewhere(output: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def leave(output: Path, *, silent_s: float = 0.0, **changes: object) -> Owner:
    """A lock that somebody left, without a sign of life for a while."""
    owner = Owner.this_run().model_copy(update=changes)
    path = parts_folder(output) / lock.LOCK
    path.parent.mkdir()
    path.write_text(owner.model_dump_json())
    time = path.stat().st_mtime - silent_s
    os.utime(path, (time, time))
    return owner


def test_a_lock_is_gone_with_its_folder_after_success_error_and_interrupt(output: Path) -> None:
    with OutputLock(output) as held:
        held.require_held()
        assert [path.name for path in parts_folder(output).iterdir()] == ["lock"]
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), OutputLock(output):
            raise error
    assert list(output.parent.iterdir()) == []


def test_other_files_of_the_folder_stay(output: Path) -> None:
    parts_folder(output).mkdir()
    (parts_folder(output) / "manifest.json").touch()
    with OutputLock(output):
        pass
    assert [path.name for path in parts_folder(output).iterdir()] == ["manifest.json"]


def test_a_second_run_in_the_process_is_refused_and_leaves_the_lock_alone(output: Path) -> None:
    with OutputLock(output) as held:
        with pytest.raises(OutputInUseError, match=f"by process {os.getpid()}, since 20"):
            OutputLock(output).__enter__()
        held.require_held()
        assert [path.name for path in parts_folder(output).iterdir()] == ["lock"]


def test_another_process_holds_until_it_is_killed(output: Path) -> None:
    process = hold_elsewhere(output)
    with pytest.raises(OutputInUseError, match=f"by process {process.pid}, since 20"):
        OutputLock(output).__enter__()
    process.kill()
    # Its parent has not asked for it yet: it is a zombie, which writes nothing either.
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    with OutputLock(output) as held:
        held.require_held()
    process.communicate()
    assert list(output.parent.iterdir()) == []


def test_another_process_lets_go_at_its_end(output: Path) -> None:
    hold_elsewhere(output).communicate("\n")
    with OutputLock(output):
        pass


@pytest.mark.parametrize(
    "changes",
    [{"host": "elsewhere"}, {"pid_space": "pid:[1]"}, {"started_s": 1.0}],
    ids=["other host", "other container", "same id, or the clock was set"],
)
def test_where_nobody_can_be_asked_signs_of_life_decide(
    output: Path, changes: dict[str, object]
) -> None:
    owner = leave(output, silent_s=STALE_S - 20, **changes)
    with pytest.raises(OutputInUseError, match="is being written by process") as told:
        OutputLock(output).__enter__()
    assert ("on elsewhere" in str(told.value)) == (owner.host == "elsewhere")
    time = parts_folder(output).stat().st_mtime - STALE_S - 20
    os.utime(parts_folder(output) / lock.LOCK, (time, time))
    with OutputLock(output) as held:
        held.require_held()
    assert list(output.parent.iterdir()) == []


def test_a_process_that_the_system_hides_is_judged_by_its_signs_of_life(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(output)
    owner = OutputLock(output)

    def hide(*_: object) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "Process", hide)
    with pytest.raises(OutputInUseError):
        owner.__enter__()


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("left", [True, False])
def test_of_many_that_come_at_once_one_gets_it(output: Path, left: bool) -> None:
    if left:
        leave(output, pid=dead_pid())
    runs = 12
    begin, end = Barrier(runs), Barrier(runs)

    def attempt(_: int) -> bool:
        begin.wait()
        try:
            with OutputLock(output) as held:
                end.wait()
                held.require_held()
                return True
        except OutputInUseError:
            end.wait()
            return False

    with ThreadPoolExecutor(runs) as pool:
        assert sum(pool.map(attempt, range(runs))) == 1
    assert list(output.parent.iterdir()) == []


def test_a_claim_of_a_run_that_died_with_it_is_dropped_in_the_end(output: Path) -> None:
    owner = leave(output, pid=dead_pid())
    claim = parts_folder(output) / f"lock-{owner.token}-taken.writing"
    claim.touch()
    with pytest.raises(OutputInUseError, match="wanted by several runs"):
        OutputLock(output).__enter__()
    time = claim.stat().st_mtime - STALE_S - 20
    os.utime(claim, (time, time))
    with OutputLock(output) as held:
        held.require_held()


def test_a_lock_that_cannot_be_read_is_waited_for(output: Path) -> None:
    leave(output)
    path = parts_folder(output) / lock.LOCK
    path.write_text("{")
    with pytest.raises(OutputInUseError, match=r"cannot be read, .* remove it if no"):
        OutputLock(output).__enter__()
    os.utime(path, (0, 0))
    with OutputLock(output) as held:
        held.require_held()


def test_without_links_the_lock_is_made_once_all_the_same(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with OutputLock(output) as held:
        with pytest.raises(OutputInUseError):
            OutputLock(output).__enter__()
        held.require_held()


def test_signs_of_life_are_given_while_nothing_is_committed(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "BEAT_S", 0.001)
    with OutputLock(output):
        path = parts_folder(output) / lock.LOCK
        os.utime(path, (0, 0))
        while path.stat().st_mtime == 0:
            pass


def remove(folder: Path) -> None:
    (folder / lock.LOCK).unlink()
    folder.rmdir()


def give_away(folder: Path) -> None:
    other = Owner.this_run().model_copy(update={"pid": 4242})
    (folder / lock.LOCK).write_text(other.model_dump_json())


@pytest.mark.parametrize(
    ("change", "message"),
    [(remove, "was removed while"), (give_away, "was taken over by process 4242")],
)
def test_a_lost_lock_is_noticed_and_that_of_others_stays(
    output: Path, change: Callable[[Path], None], message: str
) -> None:
    with OutputLock(output) as held:
        change(parts_folder(output))
        with pytest.raises(OutputError, match=message):
            held.require_held()
    assert parts_folder(output).exists() == (change is give_away)


def test_a_folder_that_cannot_be_made_is_told(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match=r"Permission denied.*may write to"):
        OutputLock(output).__enter__()
