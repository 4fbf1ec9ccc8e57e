"""Formats of several files, or of a folder: which parts there are, and putting them in place together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from geoseg.errors import OutputExistsError, UsageError
from geoseg.files.atomic import sync_file
from geoseg.files.links import followed, require_no_links
from geoseg.files.target import extension_of
from geoseg.files.unclaimed import require_still_free

PARTS: Mapping[str, tuple[str, ...]] = {
    ".shp": (
        ".shx", ".dbf", ".prj", ".cpg", ".qpj", ".qix", ".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih",
        ".ixs", ".mxs", ".atx", ".idm", ".ind", ".shp.xml",
    ),
    ".csv": (".csvt", ".prj"),
}  # fmt: skip
"""Files beside one of a format that belong to it; an index of an older one would mislead a reader."""


def parts_of(path: Path) -> tuple[Path, ...]:
    """The files beside ``path`` that are there and belong to a file of its name."""
    wanted = {f"{path.stem}{part}".lower() for part in PARTS.get(extension_of(path), ())}
    if not wanted or not path.parent.is_dir():
        return ()
    return tuple(
        sorted(
            one
            for one in path.parent.iterdir()
            if one.name.lower() in wanted and one.name.startswith(path.stem)
        )
    )


def require_free_parts(path: Path, *, overwrite: bool) -> None:
    """Refuse a name whose other files would take the place of what is there already.

    Raises:
        OutputExistsError: One of them is there, and it may not be replaced.
        OutputError: One of them is a symbolic link.
        UsageError: One of them belongs to a file of another format.
    """
    mine = extension_of(path)
    for other, parts in PARTS.items():
        beside = path.with_suffix(other)
        shared = sorted({*parts} & {*PARTS.get(mine, ())})
        if other != mine and shared and beside.exists():
            raise UsageError(
                f"{path.name} and {beside.name} would share {path.with_suffix(shared[0]).name}; give another name"
            )
    there = parts_of(path)
    if mine in PARTS:
        require_no_links([path, *there])
    if there and not overwrite:
        raise OutputExistsError(
            f"{there[0]} is there already, and {path.name} would replace it; give another name, or "
            "--overwrite"
        )


def put_together_in_place(complete: Path, path: Path, aside: Path) -> None:
    """Give a complete file or folder and all parts beside it their final names, itself the last.

    What was there makes room, and comes back where that fails; names change one after the other, so a
    crash of the machine within that moment can leave some of either.

    Args:
        complete: Lies in a folder of its own, its parts beside it.
        path: The final name, or a link to a folder.
        aside: A folder for what makes room, on the same disk.
    """
    place = followed(path)
    parts = [one for one in complete.parent.iterdir() if one.is_file() and one != complete]
    new = {one: path.with_suffix(one.suffix) for one in sorted(parts) if one.stem == complete.stem}
    new[complete] = place
    for one in new:
        sync_all(one)
    require_still_free(path)
    old = [*parts_of(path), *([place] if place.exists() else [])]
    aside.mkdir()
    _swap(new, [(one, aside / one.name) for one in old])


def sync_all(path: Path) -> None:
    """Bring a file, or all files of a folder, to the disk."""
    for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if one.is_file():
            sync_file(one)


def _swap(new: Mapping[Path, Path], old: Iterable[tuple[Path, Path]]) -> None:
    undo: list[tuple[Path, Path]] = []
    try:
        for source, target in [*old, *new.items()]:
            source.replace(target)
            undo.append((source, target))
    except BaseException:
        for source, target in reversed(undo):
            with suppress(OSError):
                target.replace(source)
        raise
