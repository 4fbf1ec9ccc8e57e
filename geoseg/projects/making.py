"""From a GeoPackage and its photos to a project in it, or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from geoseg.addresses.urls import is_local
from geoseg.errors import GeosegError, UnreadableVectorError, UsageError
from geoseg.files.atomic import output_errors, replacing
from geoseg.files.target import check_target
from geoseg.projects.contents import Photo, photos, relative, shown_layers
from geoseg.projects.document import Contents
from geoseg.projects.outcome import Project
from geoseg.projects.stored import address_of, packed, require_ours, store
from geoseg.raster.given import raster_names
from geoseg.raster.mosaic import Mosaic
from geoseg.raster.services import refuse_services
from geoseg.vectors.metadata import read_metadata

FILES = (".qgz", ".qgs")
"""Extensions of project files."""
MOST_PHOTOS = 500
"""QGIS opens each of them with the project."""
EIGHT_BITS = "uint8"


def make(
    geopackage: Path,
    *,
    raster: str | Path | Sequence[str | Path] | None,
    name: str,
    output: Path | None,
    overwrite: bool,
) -> Project:
    """Write a project; see :func:`geoseg.project`."""
    _require_geopackage(geopackage, name)
    if output is None:
        if not overwrite:
            require_ours(geopackage, name)
    else:
        check_target(output, FILES, overwrite=overwrite)
    folder = (output or geopackage).absolute().parent
    layers, notes = shown_layers(geopackage)
    if not layers:
        raise UnreadableVectorError(
            f"{geopackage} holds no polygons to show. {' '.join(notes)}".strip()
        )
    beneath, stretch, more = _photos(geopackage, raster, folder)
    contents = Contents(geopackage.stem, relative(geopackage, folder), layers, beneath, stretch)
    address = _write(geopackage, output, name, contents.text())
    return Project(
        output=output or geopackage,
        name=name,
        address=address,
        layers=tuple(one.name for one in layers),
        photos=tuple(one.source for one in beneath),
        notes=(*notes, *more),
    )


def _require_geopackage(path: Path, name: str) -> None:
    if path.suffix.lower() != ".gpkg":
        raise UsageError(
            f"{path.name} is no GeoPackage (.gpkg), and no other format holds a QGIS project"
        )
    if not path.is_file():
        raise UnreadableVectorError(f"there is no file {path}")
    if not name.strip() or any(sign in name for sign in "/\\?&|\0"):
        raise UsageError(
            f"--name: give a name without / \\ ? & and |, such as buildings; got {name!r}"
        )


def _write(geopackage: Path, output: Path | None, name: str, text: str) -> str:
    if output is None:
        store(geopackage, name, text)
        return address_of(geopackage, name)
    content = text.encode() if output.suffix.lower() == ".qgs" else packed(text, output.stem)
    with output_errors(output), replacing(output) as temporary:
        temporary.write_bytes(content)
    return str(output.absolute())


def _photos(
    geopackage: Path, given: str | Path | Sequence[str | Path] | None, folder: Path
) -> tuple[list[Photo], tuple[float, float] | None, list[str]]:
    """The photos, how they are stretched, and notes."""
    record = read_metadata(geopackage)
    told = _sources(record, geopackage.parent)
    names = [name for name, _ in told] if given is None else raster_names(_plain(given))
    notes = []
    if len(names) > MOST_PHOTOS:
        notes.append(
            f"Only {MOST_PHOTOS} of {len(names)} rasters are shown; make a VRT of them "
            "(gdalbuildvrt) and give that."
        )
        names = names[:MOST_PHOTOS]
    if given is not None:
        refuse_services(names)
    bands = [dict(told).get(name) for name in names]
    found, more = photos(names, folder, bands, needed=given is not None)
    if not names:
        notes.append("No photo is known; name it by --raster.")
    return found, _stretch(record, found), [*notes, *more]


def _plain(given: str | Path | Sequence[str | Path]) -> Any:  # noqa: ANN401 - what raster_names takes
    return given if isinstance(given, (str, Path)) else list(given)


def _sources(record: dict[str, Any], folder: Path) -> list[tuple[str, Sequence[int] | None]]:
    """Rasters in which the buildings were found, and their bands; none of what is no such record."""
    listed = record.get("sources")
    told = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [
        (_found(one["path"], folder), _rgb(one.get("bands")))
        for one in told
        if isinstance(one.get("path"), str)
    ]


def _found(path: str, folder: Path) -> str:
    """A raster of the record, or the one of its name beside the GeoPackage where both were moved."""
    beside = folder / PurePath(path).name
    return str(beside) if is_local(path) and not Path(path).exists() and beside.is_file() else path


def _rgb(bands: object) -> Sequence[int] | None:
    right = isinstance(bands, list) and {type(band) for band in bands} == {int}
    return bands if right else None  # type: ignore[return-value]


def _stretch(record: dict[str, Any], found: Sequence[Photo]) -> tuple[float, float] | None:
    """What is black and white: as the run had it, else as a run would choose it."""
    if all(one.raster.dtype == EIGHT_BITS for one in found):
        return None
    told = record.get("stretch")
    if isinstance(told, list) and len(told) == 2 and all(isinstance(t, (int, float)) for t in told):  # noqa: PLR2004
        return float(told[0]), float(told[1])
    try:
        with Mosaic.open([one.raster.path for one in found], gsd_range_m=None) as mosaic:
            return mosaic.stretch
    except GeosegError:
        return None  # QGIS's own
