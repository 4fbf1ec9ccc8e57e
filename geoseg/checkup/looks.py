"""What there is to look at, from the versions to the folders."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from geoseg.checkup.outcome import Look
from geoseg.errors import GeosegError
from geoseg.machine import FOREIGN_DATA, processor_kind, usable_cores
from geoseg.models.extras import is_installed
from geoseg.version import installed, versions

RASTER_DRIVERS = ("GTiff", "COG", "VRT", "JPEG", "PNG", "WEBP", "JP2OpenJPEG", "WMS", "STACIT")
"""Of GDAL, for reading; the first three are needed."""
VECTOR_DRIVERS = ("GPKG", "GeoJSON", "FlatGeobuf", "ESRI Shapefile", "OpenFileGDB")
"""Of GDAL, for writing; the first three are needed."""
NEEDED = 3
EXTRAS = {
    "torch": "torch",
    "train": "lightning",
    "coco": "pycocotools",
    "onnx": "onnxruntime",
    "report": "h3",
    "dask": "distributed",
    "yolo": "ultralytics",
}
"""Extra to a package that it brings."""
FEW_MB, FEW_GB = 4000, 2.0
"""Less memory, or less space in the folder for temporary files, is worth knowing."""


def looks() -> Iterator[Look]:
    """Look at everything but a run."""
    yield Look("versions", "ok", ", ".join(f"{name} {told}" for name, told in versions().items()))
    yield Look("system", "ok", f"{platform.platform()}, {sys.executable}")
    yield _drivers("raster formats", RASTER_DRIVERS, _raster_modes(), "r", "rasterio")
    yield _drivers("vector formats", VECTOR_DRIVERS, _vector_modes(), "w", "pyogrio")
    yield _places()
    yield _foreign_data()
    yield _processor()
    yield _runtime()
    yield _graphics()
    yield _extras()
    yield _memory()
    yield _folder("temporary files", Path(tempfile.gettempdir()), "set TMPDIR to another folder")
    yield _loops()


def _raster_modes() -> dict[str, str]:
    import rasterio

    with rasterio.Env() as environment:
        return dict.fromkeys(environment.drivers(), "r")


def _vector_modes() -> dict[str, str]:
    import pyogrio

    modes: dict[str, str] = pyogrio.list_drivers()
    return modes


def _drivers(
    name: str, wanted: tuple[str, ...], modes: dict[str, str], mode: str, package: str
) -> Look:
    lacking = [driver for driver in wanted if mode not in modes.get(driver, "")]
    told = ", ".join(driver for driver in wanted if driver not in lacking)
    told += f"; not here: {', '.join(lacking)}" if lacking else ""
    if set(lacking) & set(wanted[:NEEDED]):
        return Look(
            name, "broken", told, f"reinstall {package}: pip install --force-reinstall {package}"
        )
    return Look(name, "note" if lacking else "ok", told)


def _places() -> Look:
    """Whether PROJ finds its register: one known place, from EPSG's own example of UTM."""
    from pyproj import CRS, Transformer
    from pyproj.datadir import get_data_dir
    from pyproj.exceptions import ProjError

    try:
        x, _ = Transformer.from_crs(CRS(4326), CRS(32631), always_xy=True).transform(3.0, 0.0)
    except ProjError as error:
        return Look("places", "broken", f"PROJ has no register ({error})", "reinstall pyproj")
    if abs(x - 500_000) > 1e-3:  # noqa: PLR2004  # the meridian of a zone lies at 500 km
        return Look("places", "broken", f"PROJ puts 3 degrees east at {x} m", "reinstall pyproj")
    return Look("places", "ok", f"register of PROJ in {get_data_dir()}")


def _foreign_data() -> Look:
    left = [f"{name}={os.environ[name]}" for name in FOREIGN_DATA if name in os.environ]
    others = [f"{n}={v}" for n, v in sorted(os.environ.items())
              if n.startswith(("GDAL_", "CPL_", "VSI_")) and n not in FOREIGN_DATA]  # fmt: skip
    if left:
        advice = "unset them if places or formats are not understood"
        return Look("settings of GDAL and PROJ", "note", ", ".join(left), advice)
    names = ", ".join(one.partition("=")[0] for one in others)
    return Look("settings of GDAL and PROJ", "ok", names or "none but those of the packages")


def _processor() -> Look:
    return Look("processor", "ok", f"{processor_kind()}, {usable_cores()} cores for this process")


def _runtime() -> Look:
    """What runs the built-in model."""
    from geoseg.models import load_model
    from geoseg.models.traits import Traits

    try:
        traits = Traits.of(load_model("default"))
    except GeosegError as error:
        return Look("built-in model", "broken", str(error), "pip install 'geoseg[torch]'")
    told = f"{traits.name} by {traits.runtime} in {traits.precision} on {traits.device}"
    return Look("built-in model", "ok", told)


def _graphics() -> Look:
    if not is_installed("torch"):
        return Look("GPU", "ok", "not looked for: the extra geoseg[torch] is not installed")
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        return Look("GPU", "ok", ", ".join(names))
    if torch.backends.mps.is_available():
        return Look("GPU", "ok", "Apple's, by MPS")
    return Look("GPU", "ok", f"none that torch {installed('torch')} can use")


def _extras() -> Look:
    there = [name for name, package in EXTRAS.items() if is_installed(package)]
    lacking = [name for name in EXTRAS if name not in there]
    told = f"installed: {', '.join(there) or 'none'}"
    return Look("extras", "ok", f"{told}; not installed: {', '.join(lacking) or 'none'}")


def _memory() -> Look:
    import psutil

    free_mb = psutil.virtual_memory().available / 1e6
    told = f"{free_mb / 1e3:.1f} GB free of {psutil.virtual_memory().total / 1e9:.1f}"
    if free_mb < FEW_MB:
        return Look(
            "memory", "note", told, "close other programs, or give --tile 512 and --batch 1"
        )
    return Look("memory", "ok", told)


def _folder(name: str, folder: Path, advice: str) -> Look:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
        free_gb = shutil.disk_usage(folder).free / 1e9
    except OSError as error:
        return Look(name, "broken", f"{folder}: {error.strerror or error}", advice)
    told = f"{folder}, {free_gb:.0f} GB free"
    return Look(name, "ok", told) if free_gb >= FEW_GB else Look(name, "note", told, advice)


def _loops() -> Look:
    """Where compiled loops come from, and where others go."""
    from geoseg.kernels.shipped import SWITCH, is_switched_off, shipped

    name, advice = "compiled loops", "set NUMBA_CACHE_DIR to one that can be written"
    if is_switched_off():
        return Look(
            name,
            "note",
            f"none, by {SWITCH}: runs take hundreds of times as long",
            f"unset {SWITCH}",
        )
    kept, came = _folder(name, _numba_folder(), advice), shipped()
    if came is None:
        return kept
    if not came.is_whole():
        told = f"shipped with geoseg, but damaged: {came.folder}; made anew in {kept.told}"
        return replace(kept, told=told, state="note", advice="install geoseg anew")
    told = f"shipped with geoseg, for {came.processor[1]}; any others go to {kept.told}"
    return replace(kept, told=told, state="note" if kept.state == "broken" else kept.state)


def _numba_folder() -> Path:
    """Where compiled loops are kept."""
    from geoseg.kernels.keeping import kept_in
    from geoseg.kernels.sources import ROOMS

    return kept_in() or ROOMS[0] / "__pycache__"
