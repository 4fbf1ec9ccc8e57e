"""Every kind of raster that GDAL can write here, and folders of others, put before geoseg.

    python benchmarks/inputs.py [FOLDER ...] [--predict N] [--limit SECONDS] [--made FOLDER]

Makes some hundred small rasters in all drivers, types, masks, tilings, compressions and CRSs, looks at
each with ``geoseg.info`` in a process of its own under a time limit, and counts what was described,
refused in a sentence, ended in a traceback or took too long. The last two must be none: then the exit
code is 0. With ``--predict`` a run with a cheap model follows over that many of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import selectors
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.drivers import is_blacklisted, raster_driver_extensions
from rasterio.enums import ColorInterp
from rasterio.shutil import copy

SIDE_PX = 96
UTM = "EPSG:32645"
PLACE = (0.3, 0.0, 345_600.0, 0.0, -0.3, 3_072_000.0)
CRSS = (
    "EPSG:4326", "EPSG:3857", "EPSG:27572", "EPSG:4807", "EPSG:2056", "EPSG:2263", "EPSG:10792",
    "EPSG:7415", "EPSG:4978", "EPSG:5773", "EPSG:3031", "EPSG:5041", "EPSG:4979", "EPSG:28992",
    "IAU_2015:30100", "ESRI:54009", 'LOCAL_CS["site",UNIT["metre",1]]',
)  # fmt: skip
DTYPES = (
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64", "uint64", "int64",
    "complex_int16", "complex64", "complex128",
)  # fmt: skip
COMPRESSIONS = (
    "lzw",
    "deflate",
    "zstd",
    "packbits",
    "lzma",
    "lerc",
    "jpeg",
    "webp",
    "jxl",
    "ccittfax4",
)
NO_RASTERS = frozenset({".py", ".pyi", ".md", ".rst", ".txt", ".toml", ".cfg", ".html", ".css", ".js", ".ipynb", ".yml", ".yaml", ".c", ".h", ".pyx", ".pxd", ".pxi", ".pyc", ".sh", ".lock", ".svg", ".ini", ".xml", ".msk", ".hdr", ".prj", ".stx", ".clr", ".wld"})  # fmt: skip


@dataclass
class Tally:
    """What became of the files."""

    kinds: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def add(self, path: Path, told: dict[str, str]) -> None:
        """Count one."""
        self.kinds[told["kind"]] += 1
        if told["kind"] in {"traceback", "over time"}:
            self.bad.append(f"{told['kind']}: {path}: {told['text']}")


def scene(bands: int, dtype: str) -> np.ndarray[Any, Any]:
    """Bright squares on a grey ground."""
    rng = np.random.default_rng(4)
    image = rng.normal(90, 5, (bands, SIDE_PX, SIDE_PX))
    for row, col in itertools.product((10, 50), (15, 60)):
        image[:, row : row + 20, col : col + 25] += 110
    if dtype == "int8":
        image = image / 2
    if dtype == "complex_int16":
        return image.astype("complex64")
    return image.clip(0, 255 if dtype != "int8" else 127).astype(dtype)


def make_all(folder: Path) -> None:
    """Write them; what GDAL refuses to write is left out."""
    with rasterio.Env() as environment:
        drivers = sorted(environment.drivers())
    for name, profile, extra in variants(drivers):
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            write(folder / name, profile, extra)


Variant = tuple[str, dict[str, Any], dict[str, Any]]
"""Name, creation profile, and what is done after."""


def variants(drivers: list[str]) -> Iterator[Variant]:
    """All that are made."""
    yield from of_drivers(drivers)
    yield from of_types()
    yield from of_crss()
    yield from of_places()
    yield from of_sizes()
    yield from of_validity()


def base(**changes: Any) -> dict[str, Any]:
    """The profile of a plain orthophoto, changed."""
    plain = {
        "driver": "GTiff", "crs": UTM, "transform": Affine(*PLACE), "dtype": "uint8", "count": 3,
        "height": SIDE_PX, "width": SIDE_PX,
    }  # fmt: skip
    return {**plain, **changes}


def of_drivers(drivers: list[str]) -> Iterator[Variant]:
    """Every driver with a few kinds of bands."""
    suffixes = {driver: suffix for suffix, driver in raster_driver_extensions().items()}
    kinds = (("uint8", 3), ("uint8", 1), ("uint16", 4), ("float32", 1), ("float64", 3))
    for driver, (dtype, count) in itertools.product(drivers, kinds):
        suffix = suffixes.get(driver, "dat")
        name = f"driver_{driver.replace(' ', '_')}_{dtype}_{count}.{suffix}"
        yield name, base(driver=driver, dtype=dtype, count=count), {}


def of_types() -> Iterator[Variant]:
    """Types, numbers of bands, compressions, tilings."""
    for dtype, count in itertools.product(DTYPES, (1, 2, 3, 4, 8)):
        yield f"type_{dtype}_{count}.tif", base(dtype=dtype, count=count), {}
    for compress, tiled, dtype in itertools.product(
        COMPRESSIONS, (False, True), ("uint8", "uint16")
    ):
        tiling = {"tiled": True, "blockxsize": 32, "blockysize": 16} if tiled else {}
        name = f"compress_{compress}_{dtype}_{'tiles' if tiled else 'strips'}.tif"
        yield name, base(dtype=dtype, compress=compress, **tiling), {}


def of_crss() -> Iterator[Variant]:
    """CRSs of all kinds, in formats that name them in different ways."""
    for number, crs in enumerate(CRSS):
        degrees = crs in {"EPSG:4326", "EPSG:4807", "EPSG:4979", "IAU_2015:30100"}
        fine, metres = Affine(3e-6, 0, 2.0, 0, -3e-6, 47.0), Affine(0.3, 0, 6e5, 0, -0.3, 2e6)
        for driver, suffix in (("GTiff", "tif"), ("VRT", "vrt"), ("HFA", "img"), ("ENVI", "bil")):
            profile = base(driver=driver, crs=crs, transform=fine if degrees else metres)
            yield f"crs_{number}.{suffix}", profile, {}


def of_places() -> Iterator[Variant]:
    """Geotransforms and control points, good and bad."""
    left, top = PLACE[2], PLACE[5]
    places = {
        "rotated": Affine(*PLACE) @ Affine.rotation(30), "sheared": Affine(*PLACE) @ Affine.shear(20, 0),
        "south_up": Affine(0.3, 0, left, 0, 0.3, top), "mirrored": Affine(-0.3, 0, left, 0, -0.3, top),
        "oblong": Affine(0.3, 0, left, 0, -0.6, top), "identity": Affine.identity(),
        "zero": Affine(0, 0, left, 0, 0, top), "flat": Affine(0.3, 0, left, 0, 0, top),
        "nan": Affine(float("nan"), 0, left, 0, -0.3, top), "far": Affine(0.3, 0, 1e15, 0, -0.3, 1e15),
        "endless": Affine(1e9, 0, 0, 0, -1e9, 0), "tiny": Affine(1e-9, 0, left, 0, -1e-9, top),
    }  # fmt: skip
    for (name, place), crs in itertools.product(places.items(), (UTM, "EPSG:4326", None)):
        yield f"place_{name}_{(crs or 'none')[5:]}.tif", base(crs=crs, transform=place), {}
    for points in (0, 1, 2, 3, 4, 5, 12):
        profile = base(gcps=points)
        del profile["transform"]
        yield f"gcps_{points}.tif", profile, {}
        yield f"gcps_line_{points}.tif", profile, {"line": True}


def of_sizes() -> Iterator[Variant]:
    """From a pixel to a million million, the whole world in few, and files cut off."""
    sparse = {"sparse_ok": True, "BIGTIFF": "YES", "count": 1}
    for size in (1, 2, 360, 43_200):
        rows = max(size // 2, 1)
        place = Affine(360 / size, 0, -180, 0, -180 / rows, 90)
        world = base(crs="EPSG:4326", transform=place, width=size, height=rows, **sparse)
        yield f"world_{size}.tif", world, {"empty": True}
    endless = 2_000_000_000
    for width, height in ((endless, 1), (1, endless), (10**6, 10**6), (1, 1), (1, 500), (500, 1)):
        large = (
            {"tiled": True, "blockxsize": 4096, "blockysize": 4096} if height == width > 1 else {}
        )
        profile = base(width=width, height=height, **sparse, **large)
        yield f"size_{width}_{height}.tif", profile, {"empty": True}
    for cut in (0, 8, 50, 200, 400, 1000, 5000, 20_000):
        yield f"cut_{cut}.tif", base(), {"cut": cut}


def of_validity() -> Iterator[Variant]:
    """All that says which pixels are valid, and what else is said of bands."""
    for kind, dtype in itertools.product(KINDS, ("uint8", "uint16", "float32")):
        changes = {"dtype": dtype, "count": 4 if kind in {"alpha", "cmyk"} else 3}
        changes |= {"photometric": "cmyk"} if kind == "cmyk" else {}
        changes |= {"nodata": 0} if kind in {"nodata", "all_nodata"} else {}
        changes |= {"crs": None, "transform": None} if kind == "rpc" else {}
        yield f"valid_{kind}_{dtype}.tif", base(**changes), {kind: True}


def write(path: Path, profile: dict[str, Any], extra: dict[str, Any]) -> None:
    """One raster."""
    if profile["driver"] == "VRT" or is_blacklisted(profile["driver"], "w"):
        whole = path.with_suffix(".copied.tif")
        write(whole, {**profile, "driver": "GTiff"}, extra)
        copy(whole, path, driver=profile["driver"])
        if profile["driver"] != "VRT":
            whole.unlink()
        return
    if "gcps" in profile:
        profile = {**profile, "gcps": control_points(profile["gcps"], on_a_line="line" in extra)}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK="mask" in extra),
        rasterio.open(path, "w", **profile) as dataset,
    ):
        if "empty" not in extra:
            dataset.write(pixels_of(profile, extra))
        for kind in extra:
            ADDED.get(kind, lambda _dataset: None)(dataset)
    if "cut" in extra:
        path.write_bytes(path.read_bytes()[: extra["cut"]])


def pixels_of(profile: dict[str, Any], extra: dict[str, Any]) -> np.ndarray[Any, Any]:
    """(bands, height, width)."""
    pixels = scene(profile["count"], profile["dtype"])
    if "all_nodata" in extra:
        return np.zeros_like(pixels)
    if "nan" in extra and pixels.dtype.kind == "f":
        pixels[:, :30] = np.nan
    return pixels


def add_mask(dataset: Any) -> None:  # noqa: ANN401 - rasterio is untyped
    """The upper rows are not valid."""
    dataset.write_mask(np.indices(dataset.shape)[0] > 20)


def add_alpha(dataset: Any) -> None:  # noqa: ANN401
    """The fourth band says what is valid."""
    dataset.colorinterp = [*dataset.colorinterp[:3], ColorInterp.alpha]


def add_scale(dataset: Any) -> None:  # noqa: ANN401
    """Numbers stand for others."""
    dataset.scales, dataset.offsets = (0.01,) * 3, (5.0,) * 3


def add_names(dataset: Any) -> None:  # noqa: ANN401
    """Bands in another order."""
    dataset.descriptions = ("Blue", "Green", "Red")


def add_palette(dataset: Any) -> None:  # noqa: ANN401
    """Numbers are indices."""
    dataset.write_colormap(1, {n: (n, n, n, 255) for n in range(256)})


def add_rpcs(dataset: Any) -> None:  # noqa: ANN401
    """Only a camera's model says where it lies."""
    dataset.update_tags(ns="RPC", **rational_polynomials())


ADDED: dict[str, Callable[[Any], None]] = {
    "mask": add_mask, "msk": add_mask, "alpha": add_alpha, "scale": add_scale, "names": add_names,
    "palette": add_palette, "rpc": add_rpcs,
}  # fmt: skip
KINDS = (*ADDED, "nodata", "all_nodata", "nan", "cmyk")


def rational_polynomials() -> dict[str, str]:
    """Tags of a camera's model."""
    numbers = dict.fromkeys(
        (f"{axis}_{what}" for axis in ("LINE", "SAMP", "LAT", "LONG", "HEIGHT") for what in ("OFF", "SCALE")), "50"
    )  # fmt: skip
    one = " ".join(["1", *["0"] * 19])
    return numbers | {
        f"{axis}_{part}_COEFF": one for axis in ("LINE", "SAMP") for part in ("NUM", "DEN")
    }


def control_points(count: int, *, on_a_line: bool) -> list[Any]:
    """Ground control points of the raster."""
    rng = np.random.default_rng(count)
    places = rng.uniform(0, SIDE_PX, (count, 2))
    if on_a_line:
        places[:, 1] = places[:, 0]
    return [
        GroundControlPoint(row=row, col=col, x=345_600 + 0.3 * col, y=3_072_000 - 0.3 * row)
        for row, col in places.tolist()
    ]


class Worker:
    """A process that looks at one file after another, and is begun anew where one takes too long."""

    def __init__(self, task: str, limit_s: float) -> None:
        self._task, self._limit_s = task, limit_s
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, path: Path) -> dict[str, str]:
        """What became of a file."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(self._limit_s):
                self.stop()
                return {"kind": "over time", "text": f"more than {self._limit_s:g} s"}
        line = process.stdout.readline()
        if not line:
            code = process.wait()
            self._process = None
            return {"kind": "traceback", "text": f"the process ended with {code}"}
        told: dict[str, str] = json.loads(line)
        return told

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__, "--work", self._task],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            assert self._process.stdout is not None
            self._process.stdout.readline()  # it is ready
        return self._process

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class BrightModel:
    """What is brighter than the ground is a building."""

    gsd_m = None
    stride_px, halo_px = 1, 0
    heads = ("body",)

    def predict_maps(self, images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """(batch, 1, height, width)."""
        return (images.mean(axis=1, keepdims=True) > 150).astype(np.float32)


def work(task: str) -> None:
    """Look at the files that standard input names."""
    answers = sys.stdout
    sys.stdout = sys.stderr
    import geoseg
    from geoseg.errors import GeosegError

    model = BrightModel()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        path = line.removesuffix("\n")
        try:
            if task == "info":
                told = {"kind": "described", "text": repr(geoseg.info(path, model=model))}
            else:
                told = {
                    "kind": "described",
                    "text": f"{len(geoseg.predict(path, model=model))} buildings",
                }
        except GeosegError as error:
            text = str(error)
            kind = "refused" if text and "\n" not in text else "traceback"
            told = {"kind": kind, "text": text}
        except BaseException as error:  # noqa: BLE001 - that is what is looked for
            told = {"kind": "traceback", "text": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), file=answers, flush=True)


def found(folder: Path) -> list[Path]:
    """The files of a folder that may be rasters."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix.lower() not in NO_RASTERS
    )


def look(
    paths: list[Path], task: str, limit_s: float, *, verbose: bool
) -> tuple[Tally, list[Path]]:
    """Put all files before geoseg; also those that were described."""
    tally, worker, described = Tally(), Worker(task, limit_s), []
    for path in paths:
        told = worker(path)
        tally.add(path, told)
        if told["kind"] == "described":
            described.append(path)
        if verbose:
            print(f"{told['kind']:>10}  {path.name}: {told['text']}")
    worker.stop()
    counts = ", ".join(
        f"{tally.kinds[kind]} {kind}" for kind in ("described", "refused", "traceback", "over time")
    )
    print(f"{task}: {len(paths)} files: {counts}")
    return tally, described


def main() -> int:
    """Make, look, count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--predict", type=int, default=0)
    parser.add_argument("--limit", type=float, default=30.0)
    parser.add_argument("--made", type=Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--work", choices=("info", "predict"))
    given = parser.parse_args()
    if given.work:
        work(given.work)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        made = given.made or Path(scratch)
        made.mkdir(exist_ok=True)
        make_all(made)
        paths = found(made)
        print(f"{len(paths)} files made in {made}")
        paths += [path for folder in given.folders for path in found(folder)]
        tallies = []
        tally, described = look(paths, "info", given.limit, verbose=given.verbose)
        tallies.append(tally)
        if given.predict:
            step = max(1, len(described) // given.predict)
            chosen = described[::step][: given.predict]
            tallies.append(look(chosen, "predict", 4 * given.limit, verbose=given.verbose)[0])
    for bad in (line for tally in tallies for line in tally.bad):
        print(bad)
    return int(any(tally.bad for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
