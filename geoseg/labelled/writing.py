"""The folder of a packed data set: it appears complete or not at all."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoseg.errors import DatasetError, OutputExistsError
from geoseg.files.atomic import output_errors, scratch_folder
from geoseg.files.links import require_followable
from geoseg.files.parse import parse_json
from geoseg.files.target import require_free
from geoseg.scenes.scene import save_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoseg.scenes.scene import Scene

RECORD = "dataset.json"
"""What was packed, from what and how; training does not need it."""

ADVICE = "Check space and permissions, or choose another folder."


class SceneWriter:
    """Writes scenes under names of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: set[str] = set()

    def write(self, scene: Scene) -> str:
        """Write the scene and return its name."""
        name, number = scene.name, 2
        while name in self._names:
            name, number = f"{scene.name}-{number}", number + 1
        self._names.add(name)
        with output_errors(self._folder, ADVICE):
            save_scene(replace(scene, name=name), self._folder)
        return name

    def record(self, content: dict[str, Any]) -> None:
        """Write the record beside the scenes."""
        text = json.dumps(content, indent=1, ensure_ascii=False)
        with output_errors(self._folder, ADVICE):
            (self._folder / RECORD).write_text(text, encoding="utf-8")


@contextmanager
def new_folder(folder: Path, *, overwrite: bool) -> Iterator[SceneWriter]:
    """A folder to write to; it takes its name at the end.

    When the block raises, what was written is removed and an older data set stays as it was.

    Raises:
        OutputExistsError: there is a folder of that name, and it must not or cannot be replaced.
        OutputError: it cannot be written.
    """
    target = require_followable(folder.absolute())
    _require_replaceable(target, overwrite=overwrite)
    with scratch_folder(target) as temporary:
        yield SceneWriter(temporary)
        with output_errors(folder, ADVICE):
            if target.exists():
                shutil.rmtree(target)
            temporary.replace(target)


def _require_replaceable(target: Path, *, overwrite: bool) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    require_free(target, overwrite=overwrite)
    foreign = [path for path in target.iterdir() if not _ours(path)] if target.is_dir() else []
    if foreign or not target.is_dir():
        raise OutputExistsError(
            f"{target} is no data set that geoseg packed alone (it holds "
            f"{foreign[0].name if foreign else 'a file'}), so it is not replaced; "
            "give another folder"
        )


def _ours(path: Path) -> bool:
    return path.is_file() and (path.suffix in {".npz", ".html"} or path.name == RECORD)


def read_record(folder: Path) -> dict[str, Any]:
    """What :meth:`SceneWriter.record` wrote; empty where there is none."""
    path = folder / RECORD
    if not path.is_file():
        return {}
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); pack the data set again") from error
    return content if isinstance(content, dict) else {}
