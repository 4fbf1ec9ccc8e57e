"""What ``geoseg.predict`` can be asked for, as type checkers see it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, TypedDict

from geoseg.settings import Precision, Runtime
from geoseg.types import HeightUnit, Shape

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.progress import Progress
    from geoseg.raster.given import Nodata, Raster
    from geoseg.tiles.given import AreaInput


class PredictOptions(TypedDict, total=False):
    """Keywords of ``predict``, whose documentation tells each; the same for every kind of answer."""

    model: str | os.PathLike[str] | DenseModel | InstanceModel
    aoi: AreaInput | None
    aoi_layer: str | None
    gsd_m: float | None
    bands: Sequence[int] | None
    stretch: tuple[float, float] | None
    nodata: Nodata | Sequence[Nodata] | None
    keep_blank: bool
    tile_px: int | None
    overlap_px: int | None
    strip_px: int
    batch: int | None
    readers: int
    workers: int | None
    executor: Executor | None
    cluster: str | os.PathLike[str] | None
    cluster_timeout_s: float
    any_processor: bool
    maps: str | os.PathLike[str] | None
    min_area_m2: float
    min_confidence: float | None
    tta: bool | None
    shape: Shape
    date: str | dt.date | None
    skip_errors: bool
    dsm: Raster | None
    dtm: Raster | None
    ndsm: Raster | None
    height_unit: HeightUnit | None
    min_height_m: float
    nir: int | None
    keep_reviewed: str | os.PathLike[str] | None
    device: str
    precision: Precision
    runtime: Runtime
    exact: bool
    project: bool
    overwrite: bool
    zoom: tuple[int, int] | None
    resume: bool
    skip_existing: bool
    progress: Progress | None
