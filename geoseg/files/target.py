"""Names of files to write, refused before the work starts."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from geoseg.addresses.urls import holding_file
from geoseg.errors import OutputError, OutputExistsError, UsageError
from geoseg.files.links import require_followable
from geoseg.files.reviewed import checked_by_people, edited_since_written
from geoseg.files.unclaimed import remember
from geoseg.keywords import require_utf8

PAGE = (".html", ".htm")
"""Extensions of a web page."""
DOUBLE = (".shp.zip",)
"""Extensions of two parts."""
FOLDERS = {".gdb": "a00000001.gdbtable"}
"""Formats that are folders, and a file that every such folder holds."""


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

    Who finds it free finds it refused at the end, should another run have written it meanwhile.

    Args:
        path: The file.
        extensions: Those allowed, in lower case; None allows any.
        overwrite: A file of this name may be replaced.

    Returns:
        The path as given.

    Raises:
        UsageError: The extension is not allowed, or the folder's name is not in UTF-8.
        OutputError: The folder is missing, or the path is a folder, or, of a format that is one, a
            folder or a file of another kind; or it is a link that cannot be followed.
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
    folder = require_followable(path).absolute().parent
    require_utf8(folder)
    if not folder.is_dir():
        raise OutputError(f"the folder {folder} does not exist; create it first")
    require_free(path, overwrite=overwrite)
    remember(path, overwrite=overwrite)
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
    """Refuse to replace what is there already, unless that was asked for; never what people checked or edited.

    Raises:
        OutputExistsError: There is a file or folder of this name, or a review that has begun, or edits.
    """
    if not path.exists():
        return
    if not overwrite:
        raise OutputExistsError(
            f"{path} is there already; give another name, or --overwrite to replace it"
        )
    if work := checked_by_people(path):
        raise OutputExistsError(
            f"{path} is under review and holds {work}, which --overwrite does not replace; give another "
            "name, or remove the file if nobody needs them"
        )
    if edited := edited_since_written(path):
        raise OutputExistsError(
            f"{path} was edited at {edited} UTC, after geoseg had written it, and --overwrite does not replace that; "
            "give another name, or remove the file if nobody needs the edits"
        )


def require_other(path: Path, inputs: Iterable[object]) -> None:
    """Refuse to write over what is read.

    Raises:
        UsageError: The path is one of the inputs, or of several that are one of them.
    """
    if any(same_file(path, name) for one in inputs for name in _names(one)):
        raise UsageError(f"{path} is an input; give another name for the output")


def same_file(path: Path, other: object) -> bool:
    """True when both name one file that exists, the latter or what lies in it; tables in memory are none."""
    if not isinstance(other, (str, Path)):
        return False
    held = Path(holding_file(str(other)))
    return path.exists() and held.exists() and path.samefile(held)


def _names(given: object) -> Iterator[str | Path]:
    """The files that an input names: itself, each of several, or the one of an open dataset."""
    if isinstance(given, (str, Path)):
        yield given
    elif isinstance(given, os.PathLike):
        yield os.fspath(given)
    elif isinstance(given, (list, tuple)):
        for one in given:
            yield from _names(one)
    elif hasattr(given, "dataset_mask"):  # rasterio's, not imported for this
        yield str(getattr(given, "name", ""))
