import sys
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
