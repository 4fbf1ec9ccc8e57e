"""From a layer of buildings to a file of a 3D town, or to another format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoseg.city.cityjson import write_cityjson
from geoseg.city.outcome import Converted
from geoseg.city.outlines import write_outlines
from geoseg.city.rings import NEEDED, town_of
from geoseg.city.solids import write_solids
from geoseg.earth.ground import same_crs
from geoseg.errors import UsageError
from geoseg.export.formats import in_words
from geoseg.export.layer import horizontal_crs
from geoseg.export.opening import open_output
from geoseg.export.output import WRITERS
from geoseg.export.schema import LAYER
from geoseg.export.zoom import Zooms, check_zoom
from geoseg.files.target import check_target, extension_of, require_other
from geoseg.vectors.layers import VectorInput, open_layer
from geoseg.vectors.load import load
from geoseg.vectors.metadata import read_metadata
from geoseg.vectors.rows import REPAIRED, notes_of
from geoseg.vectors.standing import gone_note, only_standing

CITYJSON = ".json"
"""CityJSON; .city.json ends so, too."""
SOLIDS = (CITYJSON, ".gpkg")
"""Formats of blocks: CityJSON, and MultiPolygonZ."""
EXTENSIONS = (CITYJSON, *WRITERS)
"""Of blocks, and of outlines."""
AS_BLOCKS = (
    "written as blocks, since there are heights; --outlines (solids=False) writes the outlines"
)
"""Said where nobody asked for either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a file is to be written."""

    layer: str | None
    """Layer of the buildings, where there are several."""
    crs: str | None
    """The 3D CRS of a town."""
    solids: bool | None
    """Blocks, or outlines; None: what the output and the columns say."""
    zoom: Zooms | None
    """Of tiles."""
    overwrite: bool
    """Replace what is there."""


def make(buildings: VectorInput, output: Path, asked: Asked) -> Converted:
    """Write the file; see :func:`geoseg.city.convert`."""
    require_other(output, [buildings])
    check_zoom(asked.zoom, output)
    check_target(output, EXTENSIONS, overwrite=asked.overwrite)
    if not _are_solids(buildings, output, asked):
        if asked.crs is not None:
            raise UsageError(
                "--crs (crs) names the 3D CRS of a town, and outlines stay in their own; leave it out"
            )
        target = open_output(output, overwrite=asked.overwrite)
        return write_outlines(buildings, target, layer=asked.layer, zoom=asked.zoom)
    return _make_town(buildings, output, asked)


def _are_solids(buildings: VectorInput, output: Path, asked: Asked) -> bool:
    """Whether blocks are written.

    Raises:
        UsageError: the format cannot hold what is asked for.
    """
    suffix = extension_of(output)
    if asked.solids and suffix not in SOLIDS:
        raise UsageError(
            f"blocks (--solids, solids=True) are written as .city.json or .gpkg; {output.name} is neither"
        )
    if suffix == CITYJSON:
        if asked.solids is False:
            raise UsageError(
                f"{output.name} would be CityJSON, which holds blocks; for outlines (--outlines, "
                f"solids=False) name {in_words()}"
            )
        return True
    if asked.solids is not None or suffix != ".gpkg":
        return bool(asked.solids)
    if not isinstance(buildings, (str, Path)):
        return set(NEEDED) <= set(getattr(buildings, "columns", ()))
    return set(NEEDED) <= set(open_layer(buildings, asked.layer, preferred=LAYER).columns)


def _make_town(buildings: VectorInput, output: Path, asked: Asked) -> Converted:
    loaded = load(buildings, "buildings", layer=asked.layer, preferred=LAYER)
    stand, gone = only_standing(loaded.frame)
    frame = stand.reset_index(drop=True)
    flat = horizontal_crs(loaded.crs)
    epsg = _asked(asked.crs, flat) if asked.crs is not None else _stated(buildings, flat)
    town = town_of(frame, flat, loaded.label)
    if output.suffix.lower() == ".gpkg":
        write_solids(town, frame, output, flat)
    else:
        write_cityjson(town, frame, output, epsg)
    on_plain = not np.isfinite(frame["ground_m"].astype("float64")).any()
    chosen = () if asked.solids or output.suffix.lower() == CITYJSON else (AS_BLOCKS,)
    return Converted(
        output=output,
        rows=len(frame),
        solids=int((town.high > town.low).sum()),
        without_height=town.without_height,
        left_out=town.left_out,
        shared_walls=int(town.shared.sum()),
        notes=(
            *gone_note(gone),
            *notes_of(Counter({REPAIRED: town.repaired}), loaded.label),
            *_notes(output, flat, epsg=epsg, on_plain=on_plain),
            *chosen,
        ),
    )


def _notes(output: Path, crs: CRS, *, epsg: int | None, on_plain: bool) -> Iterator[str]:
    if on_plain:
        yield "no elevation of the ground is known, so all buildings stand at 0"
    if output.suffix.lower() == CITYJSON and epsg is None:
        yield (
            f"no referenceSystem is written: the vertical datum is not known; x and y are in {crs.name}. "
            "Name the 3D CRS with --crs, such as EPSG:7415"
        )


def _asked(code: str, flat: CRS) -> int:
    """The EPSG code of the 3D CRS that the user names.

    Raises:
        UsageError: it is no 3D CRS of EPSG, or another one than that of the buildings.
    """
    try:
        crs = CRS.from_user_input(code)
    except CRSError:
        raise UsageError(f"--crs {code} is no CRS; give a 3D one, such as EPSG:7415") from None
    epsg = crs.to_epsg()
    if len(crs.axis_info) != 3 or epsg is None:  # noqa: PLR2004
        raise UsageError(
            f"--crs {code} ({crs.name}) is not a 3D CRS with a code of EPSG; give one with heights, "
            "such as EPSG:7415"
        )
    if not same_crs(horizontal_crs(crs), flat):
        raise UsageError(
            f"--crs {code} is {crs.name}, but the buildings are in {flat.name}; name the 3D CRS whose "
            "horizontal part that is"
        )
    return int(epsg)


def _stated(buildings: VectorInput, flat: CRS) -> int | None:
    """That of the surface that the heights came from; None where it is not known or another one."""
    if not isinstance(buildings, (str, Path)):
        return None
    code = read_metadata(Path(buildings)).get("heights", {}).get("crs_3d")
    try:
        return None if code is None else _asked(str(code), flat)
    except UsageError:
        return None
