"""One raster as it lies on disk: what it holds and where it lies."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjCRSError
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.vrt import WarpedVRT

from geoseg.addresses.secrets import without_secrets
from geoseg.addresses.urls import is_here, is_local, named_for_gdal
from geoseg.earth.ground import Mapping as GroundMapping
from geoseg.earth.ground import PixelSize, affine_mapping, pixel_size
from geoseg.errors import UnreachableRasterError, UnreadableRasterError, UnsupportedRasterError
from geoseg.raster.bands import BandChoice, choose_bands
from geoseg.raster.cautions import cautions
from geoseg.raster.dates import image_dates
from geoseg.raster.parts import Stated, listed_parts, stated
from geoseg.raster.probabilities import require_photo
from geoseg.raster.remote import is_vrt, opening, trouble
from geoseg.raster.spectrum import band_signs
from geoseg.raster.stac import item_dates
from geoseg.raster.whole import require_whole
from geoseg.types import Window

GDAL_ERRORS = (RasterioError, CRSError, CPLE_BaseError)
"""What opening a raster may raise; the last one where rasterio forgets to translate it."""
NO_CREDENTIALS = re.compile(r"\b[A-Z]+_NO_SIGN_REQUEST\b")
"""What GDAL names where it knows of no way to sign a request for an object in a bucket."""
LAYER = re.compile(
    r"\.(gpkg|geojson|json|fgb|parquet|shp|shp\.zip|gdb|kml|csv|dxf|pmtiles)/?$", re.IGNORECASE
)
"""How names of vector files end; some of them may be rasters too, and then are opened as such."""
LARGEST_BLOCK_BYTES = 1 << 30
"""A block of one band is held whole in memory."""
SHOWN_PARTS = 4
"""So many rasters of one file are named."""
LEAST_TOLD = 0.05
"""Of what control points tell best, how much they must tell of a bend: points in three even rows tell .23, eight at random
.04 to .21, six in two rows that waver by 5 % of their distance .02."""
WARP_TOLERANCE_PX = 0.01
"""Error of coordinates in a warp, in pixels of the source; the blocks are fixed, so it is too."""
LEAST_AREA = 1e-10
"""A pixel's area over the square of its longest side, at and below which GDAL finds no way back to the pixels."""
AVERAGE_FROM = 1.1
"""Pixels that grow by more than this are averaged, others interpolated (cubic)."""


@dataclass(frozen=True, slots=True)
class Source:
    """A raster's properties; nothing of it is open."""

    path: str
    """As given: a path, a URL or anything else GDAL opens."""
    files: tuple[str, ...]
    """The files it consists of, as GDAL lists them; a VRT names its parts, and theirs."""
    crs: CRS
    """CRS of the raster or of its ground control points."""
    transform: Affine
    """Pixel corners to ``crs``; of the rectified image where control points say where it lies."""
    by_points: bool
    """True when ground control points say where it lies: it is rectified while it is read."""
    height: int
    """Rows, pixels."""
    width: int
    """Columns, pixels."""
    count: int
    """Bands without the alpha band."""
    dtype: str
    """Data type of the chosen bands."""
    bands: BandChoice
    """Which bands are read."""
    nodata: tuple[float | None, ...]
    """Nodata value of each of ``bands.distinct``, None without one."""
    has_mask: bool
    """True when a mask other than an alpha band (internal, .msk) lies beside the bands."""
    block_height: int
    """Rows of a block of the file: a strip or a tile."""
    block_width: int
    """Columns of a block of the file."""
    pixel: PixelSize
    """True size of the pixel at the centre."""
    dates: Mapping[str, str]
    """Key to date, as the file states when it was taken or made; empty where it does not."""
    cautions: tuple[str, ...]
    """What it says of itself that is passed over, the second half of a sentence each."""

    @property
    def to_xy(self) -> GroundMapping:
        """Columns and rows to x and y in ``crs``."""
        return affine_mapping(self.transform)

    @property
    def middle_x(self) -> float:
        """X of its middle, in ``crs``."""
        return float((self.transform @ (self.width / 2, self.height / 2))[0])

    @property
    def name(self) -> str:
        """The last part of the path, without what may be a token behind it."""
        return Path(without_secrets(self.path)).name

    @property
    def local(self) -> bool:
        """True when all of its files are of this machine."""
        return all(map(is_here, (self.path, *self.files)))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self.height, self.width

    @property
    def window(self) -> Window:
        """The whole raster, in pixels of its own."""
        return Window(0, 0, self.height, self.width)

    @property
    def item_bytes(self) -> int:
        """Bytes of one number of one band."""
        return np.dtype(self.dtype).itemsize

    @property
    def striped(self) -> bool:
        """True when a block spans the whole width and the raster has several of them."""
        return self.block_width >= self.width and self.block_height < self.height

    def absolute(self) -> Source:
        """The same, files of this machine by their absolute paths."""
        path, *files = map(_absolute, (self.path, *self.files))
        return replace(self, path=path, files=tuple(files))

    def averaged_at(self, gsd_m: float) -> bool:
        """Whether pixels of ``gsd_m`` are averages of its own, and not interpolated."""
        return gsd_m / self.pixel.gsd_m > AVERAGE_FROM


def _absolute(name: str) -> str:
    return str(Path(name).absolute()) if is_local(name) and Path(name).exists() else name


def inspect(path: str, wanted_bands: Sequence[int] | None = None, *, photo: bool = False) -> Source:
    """What the raster at ``path`` holds; with ``photo``, no probabilities by geoseg.

    Raises:
        UnreadableRasterError: There is no such file, it is no raster, or a VRT or a tile index of which a part cannot be opened.
        UnsupportedRasterError: It has no CRS, no place on the ground, or no usable pixels.
        UsageError: ``wanted_bands`` names bands that it does not have, or it is asked to be a photo, and is
            none.
    """
    with open_dataset(path) as dataset:
        if photo:
            require_photo(path, _underlying(dataset))
        rows = stated(path, _underlying(dataset))
        files = _files(path, dataset, rows)
        require_whole(path, _underlying(dataset), files, rows)
        crs = _crs(path, dataset)
        bands = choose_bands(
            path, dataset.colorinterp, wanted_bands, band_signs(_underlying(dataset))
        )
        picked = [band - 1 for band in bands.distinct]
        flags = [dataset.mask_flag_enums[i] for i in picked]
        by_points = isinstance(dataset, WarpedVRT)
        block_height, block_width = dataset.block_shapes[picked[0]]
        dtype = _dtype(path, [dataset.dtypes[i] for i in picked])
        _require_small_blocks(path, block_height, block_width, dtype)
        return Source(
            path=path,
            files=files,
            crs=crs,
            transform=dataset.transform,
            by_points=by_points,
            height=dataset.height,
            width=dataset.width,
            count=dataset.count - (bands.alpha is not None),
            dtype=dtype,
            bands=bands,
            nodata=tuple(dataset.nodatavals[i] for i in picked),
            has_mask=any(MaskFlags.per_dataset in f and MaskFlags.alpha not in f for f in flags),
            block_height=block_height,
            block_width=block_width,
            pixel=pixel_size(
                crs, affine_mapping(dataset.transform), dataset.width / 2, dataset.height / 2
            ),
            dates=item_dates(path) | image_dates(_underlying(dataset)),
            cautions=tuple(
                cautions(
                    _underlying(dataset), picked, asked=bool(wanted_bands), by_points=by_points
                )
            ),
        )


def open_dataset(path: str) -> Any:  # noqa: ANN401 - rasterio is untyped
    """Open a raster for reading, its troubles as one sentence.

    A raster with ground control points comes rectified, with an affine transform as any other.

    Raises:
        UnreadableRasterError: There is no such file, or it is no raster.
        UnreachableRasterError: Its server does not give it.
    """
    require_there(path)
    try:
        with warnings.catch_warnings(), opening(path):
            # A missing georeference is an error here, raised once the CRS is known too.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
            return _rectified(path, dataset) if _lies_by_points(dataset) else dataset
    except GDAL_ERRORS as error:
        # What was raised repeats addresses.
        told = error if is_local(path) and not is_vrt(path) else None
        raise _refusal(path, _brief(error)) from told


def _refusal(path: str, brief: str) -> UnreadableRasterError:
    """Why a raster cannot be opened, of which GDAL says ``brief``."""
    if is_local(path) and Path(path).is_dir():
        return UnreadableRasterError(
            f"{path} is a folder; name the rasters in it, such as {Path(path) / '*.tif'}"
        )
    unsigned = NO_CREDENTIALS.search(brief)
    if unsigned is not None:
        return UnreachableRasterError(
            f"{path} cannot be opened without credentials ({brief}); set those that are named there, or "
            f"{unsigned[0]}=YES where everybody may read"
        )
    why = trouble(path)
    if why is not None:
        return UnreachableRasterError(
            f"{path} cannot be opened: {why}; check the address, which may have expired if it is "
            "signed, and the network"
        )
    if LAYER.search(without_secrets(path)):
        return UnreadableRasterError(
            f"{path} is no raster ({brief.rstrip('.')}); of a layer of buildings geoseg report tells, of a "
            "photo geoseg info"
        )
    _refuse_other_name(path)
    return UnreadableRasterError(
        f"{path} cannot be opened as a raster ({brief.rstrip('.')}); "
        "is it a complete GeoTIFF, VRT or other raster that GDAL reads?"
    )


def require_there(path: str) -> None:
    """Find out without opening it whether a file is missing.

    Raises:
        UnreadableRasterError: It is; or it lies in an archive and is named otherwise.
    """
    if is_local(path) and not Path(path).exists():
        _refuse_other_name(path)
        raise UnreadableRasterError(f"{path}: there is no such file; check the path")


def _refuse_other_name(path: str) -> None:
    """Say how a raster in an archive is named.

    Raises:
        UnreadableRasterError: It lies in one that is there.
    """
    gdal = named_for_gdal(path)
    if gdal is not None:
        raise UnreadableRasterError(
            f"{path} is not how a raster in an archive is named; name it as {gdal}"
        )


def _lies_by_points(dataset: Any) -> bool:  # noqa: ANN401
    points, crs = dataset.gcps
    return bool(dataset.transform.is_identity and points and crs is not None)


def _rectified(path: str, dataset: Any) -> Any:  # noqa: ANN401
    """The raster as its control points place it.

    Raises:
        UnsupportedRasterError: They do not say where it lies.
    """
    has_alpha = ColorInterp.alpha in dataset.colorinterp
    is_float = np.dtype(dataset.dtypes[0]).kind == "f"
    unmarked = {"src_nodata": math.nan} if is_float and dataset.nodata is None else {}
    # The grid is left to GDAL: with one of ours, rasterio forgets the control points.
    try:
        with rasterio.Env():  # else GDAL writes to stderr what is wrong with the points
            return WarpedVRT(
                dataset,
                crs=dataset.gcps[1],
                resampling=Resampling.cubic,
                tolerance=WARP_TOLERANCE_PX,
                add_alpha=not has_alpha,
                **unmarked,
                **({} if _may_bend(dataset.gcps[0]) else {"MAX_GCP_ORDER": 1}),
            )
    except GDAL_ERRORS as error:
        raise UnsupportedRasterError(
            f"{path} has {len(dataset.gcps[0])} ground control points, which do not say where it lies "
            f"({_brief(error)}); at least three that are not on one line are needed"
        ) from error


def _may_bend(points: Any) -> bool:  # noqa: ANN401
    """Whether control points tell a polynomial of order 2, which GDAL takes wherever there are six.

    Those in two rows of an image do not: they tell a plane. Where rows waver by some pixels GDAL finds a polynomial that
    goes through all of them, and misses what lies between by the points' own errors a hundred times over.
    """
    place = np.array([(point.col, point.row) for point in points], float)
    x, y = (place - place.mean(axis=0)).T / max(1.0, float(np.ptp(place)))
    terms = np.column_stack([np.ones(len(x)), x, y, x * x, x * y, y * y])
    lengths = np.linalg.norm(terms, axis=0)
    told = np.linalg.svd(terms / np.where(lengths > 0, lengths, 1), compute_uv=False)
    return len(told) == terms.shape[1] and bool(told[-1] > LEAST_TOLD * told[0])


def _brief(error: Exception) -> str:
    return " ".join(str(error.__cause__ or error).split())


def _files(path: str, dataset: Any, rows: Sequence[Stated] | None) -> tuple[str, ...]:  # noqa: ANN401
    """Those of the raster, and of the VRTs among them."""
    found = dict.fromkeys(listed_parts(path, _underlying(dataset), rows))
    waiting = [file for file in found if is_vrt(file) and file != path]
    while waiting:
        with open_dataset(waiting.pop()) as inner:
            new = [file for file in _underlying(inner).files if file not in found]
        found |= dict.fromkeys(new)
        waiting += filter(is_vrt, new)
    return tuple(found)


def _underlying(dataset: Any) -> Any:  # noqa: ANN401
    """The raster itself, where it is rectified on the way."""
    return dataset.src_dataset if isinstance(dataset, WarpedVRT) else dataset


def _crs(path: str, dataset: Any) -> CRS:  # noqa: ANN401
    if dataset.transform.is_identity and _underlying(dataset).rpcs is not None:
        raise UnsupportedRasterError(
            f"{path} has no place but by its camera's rational polynomials (RPCs), which need heights; "
            "rectify it first: gdalwarp -rpc -to RPC_DEM=heights.tif -t_srs EPSG:CODE"
        )
    held = dataset.subdatasets
    if dataset.count == 0 and held:
        more = f" ({len(held)} of them)" if len(held) > SHOWN_PARTS else ""
        raise UnsupportedRasterError(
            f"{path} holds several rasters{more}; name one of them: {', '.join(held[:SHOWN_PARTS])}"
        )
    if dataset.transform.is_identity and dataset.gcps[0]:
        raise UnsupportedRasterError(
            f"{path} has {len(dataset.gcps[0])} ground control points, but nothing says in which CRS they are; "
            "rectify it with theirs: gdalwarp -s_srs EPSG:CODE"
        )
    if dataset.transform.is_identity:
        raise UnsupportedRasterError(
            f"{path} has no georeference; it needs a world file, a geotransform or ground control "
            "points, for example by gdal_translate -a_ullr LEFT TOP RIGHT BOTTOM -a_srs EPSG:CODE"
        )
    _require_area(path, dataset.transform)
    projection = Path(path).with_suffix(".prj")
    if dataset.crs is None and is_local(path) and projection.is_file():
        raise UnsupportedRasterError(
            f"{path} has no CRS, and {projection.name} beside it is read by no program that uses GDAL; assign "
            f'what it says: rio edit-info --crs "$(cat {projection})" {path}'
        )
    if dataset.crs is None:
        raise UnsupportedRasterError(
            f"{path} has no CRS; assign the one it was made in, for example "
            "rio edit-info --crs EPSG:25832 on a copy"
        )
    return crs_of(path, dataset.crs)


def _require_area(path: str, transform: Affine) -> None:
    """Refuse a geotransform by which pixels have no area: nobody can tell which one lies at a place.

    Raises:
        UnsupportedRasterError: Rows run along columns, or pixels have a side of 0.
    """
    along = max(map(abs, (transform.a, transform.b, transform.d, transform.e)))
    if abs(transform.determinant) <= LEAST_AREA * along * along:
        raise UnsupportedRasterError(
            f"{path}: its pixels have no area on the ground; check its geotransform, {transform.to_gdal()}"
        )


def crs_of(path: str, crs: Any) -> CRS:  # noqa: ANN401 - rasterio is untyped
    """The CRS that rasterio found in the raster at ``path``, as pyproj knows it.

    Raises:
        UnsupportedRasterError: It is no valid CRS.
    """
    epsg = crs.to_epsg()
    if epsg:
        with suppress(ProjCRSError):  # rasterio's register may be newer than pyproj's
            return CRS.from_epsg(epsg)
    try:
        return CRS.from_wkt(crs.to_wkt(version="WKT2_2019"))
    except (CRSError, ProjCRSError) as error:
        raise UnsupportedRasterError(
            f"{path} has a CRS that cannot be understood ({_brief(error)}); assign a valid one, "
            "for example rio edit-info --crs EPSG:25832 on a copy"
        ) from error


def _require_small_blocks(path: str, height: int, width: int, dtype: str) -> None:
    """Refuse a raster of which no pixel can be read without a great part of it."""
    size = height * width * np.dtype(dtype).itemsize
    if size > LARGEST_BLOCK_BYTES:
        raise UnsupportedRasterError(
            f"{path} is stored in blocks of {width:,} x {height:,} pixels, {size / 1e9:.1f} GB each, "
            "and none can be read in parts; make a tiled copy: gdal_translate -co TILED=YES -co BIGTIFF=YES"
        )


def _dtype(path: str, dtypes: Sequence[str]) -> str:
    if any(dtype.startswith("complex") for dtype in dtypes):
        raise UnsupportedRasterError(
            f"{path} holds complex numbers ({dtypes[0]}), as radar does; an orthophoto is needed"
        )
    if len(set(dtypes)) > 1:
        raise UnsupportedRasterError(
            f"{path} has bands of different data types ({', '.join(dtypes)}); convert them to one, "
            "for example with gdal_translate -ot UInt16"
        )
    return dtypes[0]
