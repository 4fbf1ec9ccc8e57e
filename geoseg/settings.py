"""The settings of a prediction run, validated once, with every default in one place."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from geoseg.errors import UsageError
from geoseg.types import Shape

Runtime = Literal["auto", "torch", "openvino", "onnxruntime"]
"""What runs a network; auto is OpenVINO on a processor and torch on a GPU."""
Precision = Literal["auto", "fp32", "bf16", "int8"]
"""In what a network computes; auto is fp32, where tiled maps equal those of the whole image."""
Positive = Annotated[int, Field(ge=1)]

MIN_AREA_M2 = 6.0
"""Buildings smaller than this are dropped by default: most are cars, tanks and errors."""
MIN_HEIGHT_M = 2.0
"""With a surface model, what rises by less is dropped by default: pools, courts, car parks."""
CLUSTER_TIMEOUT_S = 300.0
"""A cluster's first worker may take so long to come by default: queues of batch systems are slow."""
STRIP_PX = 128
"""Rows decoded at a time by default: what they finish is drawn before the next are decoded."""


PIXEL_SIZES_M = (0.001, 1000.0)
"""Pixel sizes that imagery of buildings may have: from a drone over one roof to far too coarse."""
PIXEL_SIZE = "a pixel size on the ground"


def require_within(name: str, value_m: float, limits_m: tuple[float, float], meaning: str) -> None:
    """Refuse a length that is no number or beyond what makes sense.

    Raises:
        UsageError: naming the option and the limits.
    """
    reason = _beyond(value_m, limits_m, meaning)
    if reason:
        raise UsageError(f"{option_of(name)} {reason}, got {value_m:g}")


def _beyond(value_m: float, limits_m: tuple[float, float], meaning: str) -> str:
    """What is wrong with a length, as the end of a sentence; nothing within the limits."""
    low, high = limits_m
    return "" if low <= value_m <= high else f"must be {meaning} from {low:g} to {high:g} metres"


def require_pixel_size(value_m: float | None) -> None:
    """Refuse a pixel size that no imagery of buildings has; None is no choice.

    Raises:
        UsageError: naming the limits.
    """
    if value_m is not None:
        require_within("gsd_m", value_m, PIXEL_SIZES_M, PIXEL_SIZE)


class AreaRecord(BaseModel):
    """What identifies an area of interest, whatever it was given as."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None
    """The file it came from; None for an object in memory."""
    layer: str | None
    """Layer of the file."""
    crs: str | None
    """Its CRS; None: that of the first raster."""
    bounds: tuple[float, float, float, float]
    """Left, bottom, right, top, in its CRS."""
    sha256: str
    """Of its polygons, whatever their order and where their rings begin, and of its CRS."""


class PredictSettings(BaseModel):
    """How a mosaic is read, cut and turned into outlines.

    Together with the rasters, the model, and the device and precision that it runs with, this is
    everything that can change the result.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gsd_m: float | None = None
    """Pixel size to analyse at, metres; None: native pixels where the model's range allows."""
    bands: tuple[Positive, ...] | None = None
    """Numbers of the red, green and blue band, from 1; None: by colour interpretation."""
    stretch: tuple[float, float] | None = None
    """Values shown as black and white; None: 2nd and 98th percentile, for 8 bits as they are."""
    nodata: tuple[float | tuple[float, ...], ...] | None = None
    """Numbers that are no image, besides what the files declare: of all bands, or one for each of
    red, green and blue; None: none."""
    keep_blank: bool = False
    """Take large areas of one extreme number, which no nodata value declares, as image."""
    tile_px: Positive | None = None
    """Side of the window the network sees; None: chosen from the model's halo."""
    overlap_px: Annotated[int, Field(ge=0)] | None = None
    """Context around a tile's core, to each side; None: the model's halo, which makes it exact."""
    strip_px: Positive = STRIP_PX
    """Rows decoded at a time. Never changes the result."""
    batch: Positive | None = None
    """Tiles per call of the network; None: chosen for the device. Never changes the result."""
    readers: Positive = 1
    """Threads that read the raster. Never changes the result."""
    min_area_m2: Annotated[float, Field(ge=0)] = MIN_AREA_M2
    """Buildings smaller than this on the ground are dropped and counted."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    """Buildings with a lower confidence, as it is written, are dropped and counted as unlikely;
    None: the model's. It adds to what the decoder drops by the model's own raw thresholds."""
    tta: bool | None = None
    """Test-time augmentation: average the maps over the image and itself turned by half, for
    twice the work; None: as the model's file says of such a photo."""
    shape: Shape = "regularized"
    """raw: along pixel edges; simplified: fewer vertices; regularized: straight walls."""
    date: str | None = None
    """Day on which the imagery was taken, year-month-day; None: as each raster states it."""
    aoi: AreaRecord | None = None
    """Area of interest: only buildings whose representative point lies inside are written, and only
    the tiles that they need are computed; the buildings are the same as those of a run over
    everything."""
    skip_errors: bool = False
    """Go on where blocks cannot be read; they count as invalid and as failed."""

    @field_validator("gsd_m")
    @classmethod
    def _plausible(cls, gsd_m: float | None) -> float | None:
        reason = "" if gsd_m is None else _beyond(gsd_m, PIXEL_SIZES_M, PIXEL_SIZE)
        if reason:
            raise ValueError(reason)
        return gsd_m

    @field_validator("date", mode="before")
    @classmethod
    def _a_day(cls, given: object) -> str | None:
        if given is None:
            return None
        try:
            return dt.date.fromisoformat(str(given)).isoformat()
        except ValueError:
            raise ValueError("give a day as year-month-day, such as 2024-05-17") from None

    @field_validator("bands")
    @classmethod
    def _one_or_three_bands(cls, bands: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if bands is not None and len(bands) not in {1, 3}:
            raise ValueError(f"give one band or three, such as 3,2,1; got {len(bands)}")
        return bands

    @field_validator("nodata", mode="before")
    @classmethod
    def _several_numbers(cls, nodata: object) -> object:
        return (nodata,) if isinstance(nodata, int | float) else nodata

    @field_validator("stretch")
    @classmethod
    def _ascending(cls, stretch: tuple[float, float] | None) -> tuple[float, float] | None:
        if stretch is not None and not stretch[0] < stretch[1]:
            raise ValueError(f"the first value must be below the second, got {stretch}")
        return stretch

    @classmethod
    def of(cls, **values: Any) -> PredictSettings:
        """Validate ``values``.

        Raises:
            UsageError: naming the first setting that cannot be used, and why.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"][:1])
            reason = first["msg"].removeprefix("Value error, ")
            raise UsageError(f"{option_of(name)}: {reason} (got {first['input']!r})") from None

    def result_parameters(self) -> dict[str, Any]:
        """The settings that can change the result, as they were asked for: for resuming."""
        harmless = {"strip_px", "batch", "readers"}
        return self.model_dump(mode="json", exclude=harmless)


def option_of(name: str) -> str:
    """A setting's name as a message has it: the option of the command line, then the keyword."""
    option = name.removesuffix("_m2").removesuffix("_px").removesuffix("_m").replace("_", "-")
    return f"--{option}" if option == name else f"--{option} ({name})"
