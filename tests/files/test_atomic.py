import multiprocessing
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from geoseg.errors import OutputError, OutputInUseError, UnreadableRasterError
from geoseg.files.atomic import output_errors, replacing, scratch_folder, write_text
from geoseg.files.holding import held


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_stays_as_it_was_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_text("old\n", path)
    with pytest.raises(KeyboardInterrupt):
        _interrupted(path)
    assert (path.read_bytes(), names(tmp_path)) == (b"old\n", ["page.html"])
    write_text("new\n", path)
    assert (path.read_bytes(), names(tmp_path)) == (b"new\n", ["page.html"])


def test_a_file_is_written_by_one_run_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("of the first")
        with pytest.raises(OutputInUseError, match=r"a\.txt is being written by another run"):
            write_text("of the second", path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "of the first"
    temporary.write_text("of a run that was killed, and long")
    write_text("of the third", path)
    assert path.read_text() == "of the third"


def test_a_scratch_folder_holds_nothing_old_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "b.gpkg"
    with scratch_folder(path) as folder:
        assert folder.parent == path.parent
        left = folder
    left.mkdir()  # as after a kill
    (left / "b.gpkg").touch()
    with scratch_folder(path) as again:
        assert (again, names(again)) == (left, [])
    assert names(path.parent) == []


@pytest.mark.skipif(sys.platform == "win32", reason="open files hold a folder there")
def test_a_scratch_folder_is_of_one_run_alone(tmp_path: Path) -> None:
    path = tmp_path / "b.gpkg"
    with scratch_folder(path) as folder:
        (folder / "b.gpkg").touch()
        with (
            pytest.raises(OutputInUseError, match=r"b\.gpkg is being written by another run"),
            scratch_folder(path),
        ):
            pass
        assert names(folder) == ["b.gpkg"]
    with scratch_folder(path) as again:
        assert names(again) == []


@pytest.mark.skipif(sys.platform == "win32", reason="open files hold a folder there")
def test_a_folder_that_was_removed_meanwhile_is_not_held(tmp_path: Path) -> None:
    with pytest.raises(OutputInUseError), held(tmp_path / "gone", tmp_path / "b.gpkg"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="has no locks of folders")
def test_a_run_that_looked_before_another_began_takes_nothing_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, looked = tmp_path / "b.gpkg", os.path.isdir
    first = scratch_folder(path)

    def slowly(folder: Path) -> bool:
        found = looked(folder)
        monkeypatch.undo()
        (first.__enter__() / "b.gpkg").touch()
        return found

    monkeypatch.setattr(os.path, "isdir", slowly)
    with pytest.raises(OutputInUseError, match="is being written"), scratch_folder(path):
        pass
    assert names(tmp_path / ".b.gpkg.writing") == ["b.gpkg"]
    first.__exit__(None, None, None)
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="has no locks of folders")
def test_a_run_that_ends_takes_nothing_from_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rmtree = tmp_path / "b.gpkg", shutil.rmtree
    following = scratch_folder(path)

    def removed(folder: Path, **how: bool) -> None:
        rmtree(folder, **how)
        monkeypatch.undo()
        (following.__enter__() / "b.gpkg").touch()

    with scratch_folder(path) as folder:
        monkeypatch.setattr(shutil, "rmtree", removed)
    assert names(folder) == ["b.gpkg"]
    following.__exit__(None, None, None)


@pytest.mark.skipif(sys.platform == "win32", reason="has no locks of folders")
def test_processes_that_were_forked_meanwhile_hold_nothing(tmp_path: Path) -> None:
    with held(tmp_path, tmp_path):
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
    with held(tmp_path, tmp_path):
        assert child.is_alive()
    child.kill()
    child.join()


@pytest.mark.skipif(sys.platform == "win32", reason="has no locks of folders")
def test_a_folder_that_cannot_be_read_is_not_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with held(tmp_path, tmp_path):
        monkeypatch.undo()
        (tmp_path / "b.gpkg").touch()


def test_what_the_system_says_becomes_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written: Not a directory\. Choose"):
        scratch_folder(tmp_path / "file" / "b.gpkg").__enter__()
    with pytest.raises(OutputError, match=r"b\.gpkg cannot be written: disk full\. Check"):
        _fail(tmp_path / "b.gpkg", OSError(28, "disk full"))


def test_errors_of_what_is_read_are_not_errors_of_the_output(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRasterError, match=r"^ortho\.tif is torn$"):
        _fail(tmp_path / "b.gpkg", UnreadableRasterError("ortho.tif is torn"))


def _interrupted(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise KeyboardInterrupt


def _fail(path: Path, error: OSError) -> None:
    with output_errors(path):
        raise error


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own on Windows")
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, there: bool) -> None:
    """The link became a file, and what it led to stayed as it was."""
    (tmp_path / "disk").mkdir()
    real, link = tmp_path / "disk/real.txt", tmp_path / "link.txt"
    if there:
        real.write_text("old")
    link.symlink_to(real)
    write_text("new", link)
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["disk", "link.txt", "real.txt"]
