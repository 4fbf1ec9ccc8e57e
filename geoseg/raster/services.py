"""Web services as rasters: a map without end, cut to an area before anything is counted.

``https://.../{z}/{x}/{y}.png``, ``WMS:...``, ``WMTS:...`` and GDAL's own descriptions of services.
The cut is a VRT in memory, which every reading thread opens by its name.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import math
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import numpy as np
import rasterio
import shapely
from pyproj import CRS, Transformer
from rasterio.io import MemoryFile

from geoseg.addresses.secrets import without_secrets
from geoseg.earth.ground import affine_mapping, pixel_size
from geoseg.errors import UnreadableRasterError, UsageError
from geoseg.raster.remote import opening, status_in_words
from geoseg.raster.source import GDAL_ERRORS, Source, crs_of
from geoseg.types import Window

_log = logging.getLogger(__name__)

MARGIN_PX = 1024
"""Ground around the area that is read too: buildings of the area may reach there."""
FINEST_ZOOM = 22
WORLD_M = 20_037_508.342789244
"""Half the side of the square of Web Mercator."""
TILE_PX = 256
FOLDER = "geoseg"
"""Of the cuts, in GDAL's memory."""
USUAL_GSD_M = 0.3
"""Pixel size where the model takes any."""
DTYPES = {"uint8": "Byte", "uint16": "UInt16", "int16": "Int16", "float32": "Float32"}
"""Names of data types in a VRT."""
XYZ = re.compile(r"https?://.*\{z\}.*", re.IGNORECASE | re.DOTALL)
_TILES = """<GDAL_WMS><Service name="TMS"><ServerUrl>{url}</ServerUrl></Service><DataWindow>
<UpperLeftX>-{w}</UpperLeftX><UpperLeftY>{w}</UpperLeftY><LowerRightX>{w}</LowerRightX>
<LowerRightY>-{w}</LowerRightY><TileLevel>{zoom}</TileLevel><TileCountX>1</TileCountX>
<TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow><Projection>EPSG:3857</Projection>
<BlockSizeX>{px}</BlockSizeX><BlockSizeY>{px}</BlockSizeY><BandsCount>4</BandsCount>
<ZeroBlockHttpCodes>204,404</ZeroBlockHttpCodes><Timeout>30</Timeout><MaxConnections>4</MaxConnections>
</GDAL_WMS>"""
KEPT_BYTES = 512 << 20
"""Of tiles, on disk, for as long as the process lives: a look, what is blank and the model's reading
ask for each of them."""
_CACHE = "<Cache><Path>{folder}</Path><Unique>False</Unique><MaxSize>{size}</MaxSize></Cache>"
_SAID = re.compile(
    r"HTTP status code: (?P<status>\d+), error: (?P<why>.*?)(?:\. Add the HTTP|\.?$)"
)
"""How GDAL's drivers say that a service gave no picture."""
_kept: dict[str, tuple[MemoryFile, str]] = {}
"""Cuts by name, with the service that each is of; they live as long as the process."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a service."""

    geometry: Sequence[Any]
    """The area of interest."""
    crs: CRS | None
    """Its CRS; None: not known, which a service needs."""
    gsd_m: float
    """Pixels are at most so long on the ground."""


def is_service(name: str) -> bool:
    """Whether a name means a service rather than a raster that ends somewhere."""
    if XYZ.fullmatch(name) or name.upper().startswith(("WMS:", "WMTS:")) or "<GDAL_WMS" in name:
        return True
    return name.lower().endswith(".xml") and os.path.isfile(name) and _describes_one(name)  # noqa: PTH113


def _describes_one(path: str) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123
        return b"<GDAL_W" in file.read(512)


def shown(path: str) -> str:
    """How messages and records name a raster: a cut by its service, all without secrets."""
    return without_secrets(_kept[path][1] if path in _kept else path)


def named(source: Source) -> str:
    """How warnings name a raster: a service as it was given, without secrets, a file by its last part."""
    return shown(source.path)[:200] if source.path in _kept else source.name


def refusal(path: str, gdal: str) -> str | None:
    """What a service answers in place of a picture, as a part of a sentence; None: ``path`` is no cut.

    Args:
        path: Of a raster.
        gdal: What GDAL says of it.
    """
    if path not in _kept:
        return None
    said = _SAID.search(gdal)
    status = int(said["status"]) if said else 0
    if status:
        return f"the service answers {status_in_words(status)}"
    return f"the service gives no answer ({without_secrets(said['why'] if said else gdal)[:200]})"


def refuse_services(names: Sequence[str]) -> None:
    """Refuse services where no area says where to cut them.

    Raises:
        UsageError: one is among the names.
    """
    for name in filter(is_service, names):
        raise UsageError(
            f"{without_secrets(name)[:200]} is a service without end; name the area of interest: "
            "--aoi with a vector file or minx,miny,maxx,maxy,EPSG"
        )


def cut_services(names: Sequence[str], wanted: Wanted | None) -> list[str]:
    """The names, every service replaced by what it shows of the area.

    Raises:
        UsageError: there is no area, or it has no CRS.
        UnreadableRasterError: a service does not answer, or shows nothing of the area.
    """
    if not any(map(is_service, names)):
        return list(names)
    if wanted is None:
        refuse_services(names)
    if wanted is None or wanted.crs is None:
        raise UsageError(
            "the area of interest of a service needs a CRS: give bounds as minx,miny,maxx,maxy,EPSG, "
            "or a vector file"
        )
    _log.warning(
        "imagery of a service: whether it may be read and analysed is for its terms to say and for "
        "you to heed"
    )
    return [_cut(name, wanted) if is_service(name) else name for name in names]


def _cut(name: str, wanted: Wanted) -> str:
    described = _caching(_tiles(name, wanted) if XYZ.fullmatch(name) else name)
    level = None if XYZ.fullmatch(name) else _level(described, wanted)
    options = {} if level is None else {"overview_level": level}
    try:
        with opening(described), rasterio.open(described, **options) as dataset:
            text = _vrt(described, dataset, _window(name, dataset, wanted), level)
    except GDAL_ERRORS as error:
        raise _unreadable(name, error) from None
    # The same name in every run, under a fresh signature too.
    known = without_secrets(text).replace(escape(_cache_folder()), "")
    digest = hashlib.sha256(known.encode()).hexdigest()[:12]
    filename = f"{digest}_{_host(name)}.vrt"
    path = f"/vsimem/{FOLDER}/{filename}"
    if path in _kept:
        _kept.pop(path)[0].close()
    _kept[path] = MemoryFile(text.encode(), dirname=FOLDER, filename=filename), name
    return path


def _caching(name: str) -> str:
    """A description of a service that keeps its tiles; names and what says how it keeps them as they are.

    GDAL names them by a hash of their addresses, so no secret stands in the name of a file.
    """
    if "<GDAL_WMS" not in name or "<Cache" in name:
        return name
    kept = _CACHE.format(folder=escape(_cache_folder()), size=KEPT_BYTES)
    return name.replace("</GDAL_WMS>", f"{kept}</GDAL_WMS>")


@cache
def _cache_folder() -> str:
    """A folder of this process alone, removed when it ends."""
    folder = tempfile.mkdtemp(prefix="geoseg-tiles-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _unreadable(name: str, error: Exception) -> UnreadableRasterError:
    reason = " ".join(str(error).split())
    return UnreadableRasterError(
        f"the service {without_secrets(name)[:200]} cannot be read ({reason[:200]}); check its address"
    )


def _host(name: str) -> str:
    found = urlsplit(name[name.lower().find("http") :]).hostname if "http" in name else None
    return re.sub(r"[^\w.-]", "_", found or Path(name).stem or "service")


def _tiles(template: str, wanted: Wanted) -> str:
    """GDAL's description of tiles of Web Mercator, at the coarsest zoom that is fine enough."""
    degrees = Transformer.from_crs(wanted.crs, 4326, always_xy=True)
    left, bottom, right, top = shapely.total_bounds(np.asarray(wanted.geometry, dtype=object))
    _, lat = degrees.transform((left + right) / 2, (bottom + top) / 2)
    whole_m = 2 * WORLD_M / TILE_PX * math.cos(math.radians(lat))
    zoom = min(max(math.ceil(math.log2(whole_m / wanted.gsd_m) - 1e-6), 0), FINEST_ZOOM)
    _log.info("zoom %d of %s", zoom, without_secrets(template))
    url = re.sub(r"\{([xyz])\}", r"${\1}", template)
    return _TILES.format(url=escape(url), w=WORLD_M, zoom=zoom, px=TILE_PX)


def _level(name: str, wanted: Wanted) -> int | None:
    """The coarsest level that is fine enough; None: the finest."""
    try:
        with opening(name), rasterio.open(name) as dataset:
            crs, factors = crs_of(name, dataset.crs), dataset.overviews(1)
            x, y = _corners(dataset, wanted)[0]
            col, row = ~dataset.transform * (x, y)
            native = pixel_size(crs, affine_mapping(dataset.transform), col, row).gsd_m
    except GDAL_ERRORS as error:
        raise _unreadable(name, error) from None
    fine = [level for level, factor in enumerate(factors) if native * factor <= wanted.gsd_m]
    return max(fine, default=None)


def _corners(dataset: Any, wanted: Wanted) -> np.ndarray[Any, Any]:  # noqa: ANN401 - rasterio is untyped
    """(n, 2) x and y of the area's vertices in the CRS of the dataset, its centre first."""
    to_own = Transformer.from_crs(wanted.crs, crs_of("the service", dataset.crs), always_xy=True)
    box = shapely.segmentize(
        shapely.box(*shapely.total_bounds(np.asarray(wanted.geometry, dtype=object))), 1e9
    )
    points = shapely.get_coordinates([shapely.centroid(box), box])
    return np.column_stack(to_own.transform(points[:, 0], points[:, 1]))


def _window(name: str, dataset: Any, wanted: Wanted) -> Window:  # noqa: ANN401
    """The pixels around the area that the service has."""
    xy = _corners(dataset, wanted)
    cols, rows = affine_mapping(~dataset.transform)(xy[:, 0], xy[:, 1])
    if not np.isfinite([cols, rows]).all():
        raise UnreadableRasterError(
            f"the area lies beyond the map of {without_secrets(name)[:200]}"
        )
    left, top = (
        max(math.floor(cols.min()) - MARGIN_PX, 0),
        max(math.floor(rows.min()) - MARGIN_PX, 0),
    )
    right = min(math.ceil(cols.max()) + MARGIN_PX, dataset.width)
    bottom = min(math.ceil(rows.max()) + MARGIN_PX, dataset.height)
    if right <= left or bottom <= top:
        raise UnreadableRasterError(
            f"{without_secrets(name)[:200]} shows nothing of the area of interest; check its CRS"
        )
    return Window(top, left, bottom - top, right - left)


def _vrt(name: str, dataset: Any, window: Window, level: int | None) -> str:  # noqa: ANN401
    """A VRT of a part of a raster."""
    place = dataset.transform @ rasterio.Affine.translation(window.col_off, window.row_off)
    source = f'<SourceFilename relativeToVRT="0">{escape(name)}</SourceFilename>' + (
        ""
        if level is None
        else f'<OpenOptions><OOI key="OVERVIEW_LEVEL">{level}</OOI></OpenOptions>'
    )
    size = f'xSize="{window.width}" ySize="{window.height}"'
    bands = "".join(
        f'<VRTRasterBand dataType="{DTYPES.get(dtype, "Byte")}" band="{band}" blockXSize="{TILE_PX}" '
        f'blockYSize="{TILE_PX}"><ColorInterp>{color.name.capitalize()}</ColorInterp><SimpleSource>{source}'
        f'<SourceBand>{band}</SourceBand><SrcRect xOff="{window.col_off}" yOff="{window.row_off}" {size}/>'
        f'<DstRect xOff="0" yOff="0" {size}/></SimpleSource></VRTRasterBand>'
        for band, (dtype, color) in enumerate(
            zip(dataset.dtypes, dataset.colorinterp, strict=True), 1
        )
    )
    return (
        f'<VRTDataset rasterXSize="{window.width}" rasterYSize="{window.height}"><SRS>'
        f"{escape(dataset.crs.to_wkt())}</SRS><GeoTransform>{', '.join(map(repr, place.to_gdal()))}"
        f"</GeoTransform>{bands}</VRTDataset>"
    )
