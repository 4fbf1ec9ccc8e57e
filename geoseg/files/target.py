"""Names of files to write, refused before the work starts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from geoseg.errors import OutputError, OutputExistsError, UsageError

PAGE = (".html", ".htm")
"""Extensions of a web page."""
DOUBLE = (".shp.zip",)
"""Extensions of two parts."""
FOLDERS = {".gdb": "a00000001.gdbtable"}
"""Formats that are folders, and a file that every such folder holds."""
_TABLE = re.compile(r"GPKG:(?P<file>.+):[^:/\\]+", re.IGNORECASE)
"""GDAL's name of one raster in a GeoPackage."""


def paths_of(given: str | Path | Sequence[str | Path] | None) -> tuple[Path, ...]:
    """One path, several, or none, as paths."""
    if given is None:
        return ()
    return tuple(Path(one) for one in ([given] if isinstance(given, (str, Path)) else given))


def with_page(
    output: str | Path | Sequence[str | Path] | None, html: str | Path | None
) -> tuple[Path, ...]:
    """Files and a page, as paths.

    Raises:
        UsageError: A page is among the files, or the page has another extension.
    """
    paths = paths_of(output)
    for path in paths:
        if path.suffix.lower() in PAGE:
            raise UsageError(
                f"{path.name} is a page: name it by --html, and other files by --output"
            )
    if html is None:
        return paths
    check_extension(Path(html), PAGE)
    return (*paths, Path(html))


def extension_of(path: Path) -> str:
    """The extension in lower case, both parts where it has two."""
    name = path.name.lower()
    return next((double for double in DOUBLE if name.endswith(double)), path.suffix.lower())


def check_target(path: Path, extensions: Collection[str] | None, *, overwrite: bool) -> Path:
    """Find out before any work whether a file may be written under this name.

    Args:
        path: The file.
        extensions: Those allowed, in lower case; None allows any.
        overwrite: A file of this name may be replaced.

    Returns:
        The path as given.

    Raises:
        UsageError: The extension is not allowed.
        OutputError: The folder is missing, or the path is a folder, or, of a format that is one, a
            folder or a file of another kind.
        OutputExistsError: There is such a file and it may not be replaced.
    """
    mark = FOLDERS.get(extension_of(path))
    if path.is_dir() and (
        mark is None or extensions is None or extension_of(path) not in extensions
    ):
        raise OutputError(f"{path} is a folder; give the name of a file")
    if extensions is not None:
        check_extension(path, extensions)
    if mark is not None and path.exists():
        _require_kind(path, mark)
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"the folder {folder} does not exist; create it first")
    require_free(path, overwrite=overwrite)
    return path


def _require_kind(path: Path, mark: str) -> None:
    """Refuse to put a format that is a folder in the place of anything else.

    Raises:
        OutputError: It is no such folder.
    """
    if not path.is_dir() or not (path / mark).is_file():
        kind = "folder" if path.is_dir() else "file"
        raise OutputError(
            f"{path} is there already, a {kind} and no File Geodatabase; it is never replaced, so give "
            "another name"
        )


def check_file_or_page(path: Path, extensions: Collection[str], *, overwrite: bool) -> Path:
    """:func:`check_target` of a name that :func:`with_page` gave: a page, or one of the files."""
    page = path.suffix.lower() in PAGE
    return check_target(path, PAGE if page else extensions, overwrite=overwrite)


def check_extension(path: Path, extensions: Collection[str]) -> None:
    """Refuse a name with another extension than these, given in lower case.

    Raises:
        UsageError: It has.
    """
    if extension_of(path) not in extensions:
        raise UsageError(
            f"{path.name} has the extension {path.suffix or '(none)'}; allowed are "
            f"{', '.join(extensions)}"
        )


def require_free(path: Path, *, overwrite: bool) -> None:
    """Refuse to replace what is there already, unless that was asked for.

    Raises:
        OutputExistsError: There is a file or folder of this name.
    """
    if path.exists() and not overwrite:
        raise OutputExistsError(
            f"{path} is there already; give another name, or --overwrite to replace it"
        )


def require_other(path: Path, inputs: Iterable[object]) -> None:
    """Refuse to write over what is read.

    Raises:
        UsageError: The path is one of the inputs.
    """
    if any(same_file(path, one) for one in inputs):
        raise UsageError(f"{path} is an input; give another name for the output")


def same_file(path: Path, other: object) -> bool:
    """True when both name one file that exists; tables in memory are no file."""
    if isinstance(other, str) and (table := _TABLE.fullmatch(other)):
        other = table["file"]
    return (
        isinstance(other, (str, Path))
        and path.exists()
        and Path(other).exists()
        and path.samefile(other)
    )
