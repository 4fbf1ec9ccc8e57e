"""Odd layers of every kind through report, compare, evaluate and regularize: nothing may trip.

    python benchmarks/layers.py [--keep FOLDER] [--limit SECONDS]

Makes some 200 vector files (formats, kinds of geometry, odd columns, CRSs, damage) and runs every verb
over each of them. Prints how many ran, were refused in a sentence, ended in a traceback, or took too
long, and every file that did one of the last two; exits with 1 where there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import signal
import struct
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

import geoseg
from geoseg.errors import GeosegError

FORMATS = {
    "gpkg": "GPKG", "geojson": "GeoJSON", "fgb": "FlatGeobuf", "shp": "ESRI Shapefile",
    "sqlite": "SQLite", "gml": "GML", "kml": "KML", "tab": "MapInfo File", "gdb": "OpenFileGDB",
    "geojsonl": "GeoJSONSeq", "dxf": "DXF", "gpx": "GPX", "csv": "CSV", "parquet": "",
}  # fmt: skip
CRSS = ("EPSG:32645", "EPSG:4326", "EPSG:3857", "EPSG:2263", "EPSG:27572", "EPSG:4807", "EPSG:3031",
        "EPSG:3413", "EPSG:32760", "EPSG:3460", "EPSG:54009", "ESRI:54030", "EPSG:4978",
        'LOCAL_CS["site",UNIT["metre",1]]')  # fmt: skip
WKT = {
    "polygon z": "POLYGON Z ((0 0 5, 9 0 5, 9 9 6, 0 9 6, 0 0 5))",
    "polygon m": "POLYGON M ((0 0 5, 9 0 5, 9 9 6, 0 9 6, 0 0 5))",
    "polygon zm": "POLYGON ZM ((0 0 5 1, 9 0 5 1, 9 9 6 1, 0 9 6 1, 0 0 5 1))",
    "curve": "CURVEPOLYGON (CIRCULARSTRING (0 0, 9 0, 9 9, 0 9, 0 0))",
    "compound": "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 5 5, 9 0), (9 0, 0 0)))",
    "surface": "MULTISURFACE (((0 0, 9 0, 9 9, 0 0)), CURVEPOLYGON (CIRCULARSTRING (20 0, 29 0, 29 9, 20 9, 20 0)))",
    "tin": "TIN Z (((0 0 0, 9 0 0, 0 9 0, 0 0 0)), ((9 0 0, 9 9 0, 0 9 0, 9 0 0)))",
    "faces": "POLYHEDRALSURFACE Z (((0 0 0, 9 0 0, 9 9 0, 0 9 0, 0 0 0)), ((0 0 0, 0 0 3, 9 0 3, 9 0 0, 0 0 0)))",
    "triangle": "TRIANGLE ((0 0, 9 0, 0 9, 0 0))",
    "collection": "GEOMETRYCOLLECTION (POINT (1 1), POLYGON ((0 0, 9 0, 9 9, 0 0)), GEOMETRYCOLLECTION (POLYGON ((20 0, 29 0, 29 9, 20 0))))",
    "points": "POINT (1 1)",
    "line": "LINESTRING (0 0, 9 9)",
    "empty": "POLYGON EMPTY",
    "eight": "POLYGON ((0 0, 9 9, 9 0, 0 9, 0 0))",
    "flat": "POLYGON ((0 0, 9 9, 0 0, 0 0))",
    "hole outside": "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (20 0, 29 0, 29 9, 20 0))",
    "parts overlap": "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0)), ((5 5, 14 5, 14 14, 5 14, 5 5)))",
    "huge": "POLYGON ((0 0, 1e11 0, 1e11 1e11, 0 1e11, 0 0))",
    "infinite": "POLYGON ((0 0, 1e300 0, 1e300 1e300, 0 0))",
}  # fmt: skip
COLUMNS: dict[str, Callable[[int], Any]] = {
    "fid": lambda n: [1.5 + i for i in range(n)],
    "FID": lambda n: [f"f{i}" for i in range(n)],
    "Shape": lambda n: ["x"] * n,
    "geom": lambda n: list(range(n)),
    "geometry_": lambda n: ["y"] * n,
    "building_id": lambda n: [f"way/{i}" for i in range(n)],
    "building_id ": lambda n: [7] * n,
    "confidence": lambda n: [f"{0.5 + i / 100:.2f}" for i in range(n)],
    "confidence ": lambda n: [None if i % 2 else 87.0 for i in range(n)],
    "confidence  ": lambda n: ["high"] * n,
    "confidence   ": lambda n: [float("nan")] * n,
    "area_m2": lambda n: ["unknown"] * n,
    "area_m2 ": lambda n: [1e9] * n,
    "at_edge": lambda n: ["yes"] * n,
    "tags": lambda n: [["a", "b"]] * n,
    "numbers": lambda n: [[1, 2]] * n,
    "source": lambda n: [{"a": 1}] * n,
    "date": lambda n: np.array(["2024-01-01"] * n, dtype="datetime64[ms]"),
    "größe": lambda n: ["ü"] * n,
}
"""Columns by name; blanks at the end tell those of one name apart."""


def town(crs: str = "EPSG:32645", count: int = 12) -> gpd.GeoDataFrame:
    """Some houses near Banepa, or in the middle of a CRS that has no place for them there."""
    x, y = np.divmod(np.arange(count), 4)
    boxes = shapely.box(345_600 + 30 * x, 3_071_000 + 30 * y, 345_612 + 30 * x, 3_071_010 + 30 * y)
    frame = gpd.GeoDataFrame({"name": [f"h{i}" for i in range(count)]}, geometry=boxes, crs=32645)
    try:
        return frame.to_crs(crs)
    except Exception:  # noqa: BLE001  # no way from one to the other: the numbers as they are
        return frame.set_crs(crs, allow_override=True)


def files(folder: Path) -> Iterator[Path]:
    """Every odd layer that this GDAL can write."""
    made: list[tuple[str, Callable[[Path], object]]] = []
    for suffix in FORMATS:
        made += [(f"plain.{suffix}", lambda p: write(town("EPSG:4326"), p))]
        made += [(f"none.{suffix}", lambda p: write(town("EPSG:4326").iloc[:0], p))]
        made += [(f"gap.{suffix}", lambda p: write(with_gaps(), p))]
    for number, crs in enumerate(CRSS):
        for suffix in ("gpkg", "shp", "parquet"):
            made.append((f"crs{number}.{suffix}", lambda p, c=crs: write(town(c), p)))
    for name, wkt in WKT.items():
        made.append((f"wkt {name}.vrt", lambda p, w=wkt: write_vrt(p, w)))
        made.append((f"wkt {name}.gpkg", lambda p, w=wkt: write_gpkg(p, w)))
    for name in COLUMNS:
        for suffix in ("gpkg", "geojson", "shp", "fgb", "parquet"):
            made.append((f"column {name}.{suffix}", lambda p, n=name: write(with_column(n), p)))
    for name, damage in DAMAGE.items():
        made.append((name, damage))
    for name, make in made:
        path = folder / name
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            make(path)
        if path.exists():
            yield path


def write(frame: gpd.GeoDataFrame, path: Path) -> None:
    """By the extension."""
    if path.suffix == ".parquet":
        frame.to_parquet(path)
        return
    extra = {"SPATIAL_INDEX": "NO"} if path.suffix == ".fgb" else {}
    extra |= {"GEOMETRY": "AS_WKT"} if path.suffix == ".csv" else {}
    pyogrio.write_dataframe(frame, path, driver=FORMATS[path.suffix[1:]], layer_options=extra)


def with_gaps() -> gpd.GeoDataFrame:
    """A row without a geometry, an empty one, one of two parts, and one twice."""
    frame = town("EPSG:4326")
    shapes = np.array(frame.geometry.array, dtype=object)
    shapes[:3] = None, shapely.Polygon(), shapely.MultiPolygon([shapes[3], shapes[4]])
    return frame.set_geometry(gpd.GeoSeries([*shapes[:-1], shapes[5]], crs=4326))


def with_column(name: str) -> gpd.GeoDataFrame:
    """The houses with an odd column."""
    frame = town()
    return frame.assign(**{name.strip(): COLUMNS[name](len(frame))})


def write_vrt(path: Path, wkt: str) -> None:
    """A virtual layer whose shapes are texts of a table."""
    table = path.with_suffix(".csv")
    table.write_text(f'id,shape\n1,"{wkt}"\n2,"POLYGON ((50 50, 60 50, 60 60, 50 50))"\n')
    path.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="{table.stem}"><SrcDataSource relativeToVRT="1">'
        f"{table.name}</SrcDataSource><LayerSRS>EPSG:32645</LayerSRS>"
        '<GeometryField encoding="WKT" field="shape"/></OGRVRTLayer></OGRVRTDataSource>'
    )


def write_gpkg(path: Path, wkt: str) -> None:
    """A GeoPackage of any kind of geometry, by way of GDAL's own reading of the text."""
    table = path.with_suffix(".csv")
    table.write_text(f'id,WKT\n1,"{wkt}"\n2,"POLYGON ((50 50, 60 50, 60 60, 50 50))"\n')
    meta, _, wkb, _ = pyogrio.raw.read(table)
    pyogrio.raw.write(
        path, wkb, [], [], driver="GPKG", geometry_type="Unknown", crs="EPSG:32645",
        layer=meta.get("layer_name", "odd"),
    )  # fmt: skip


def cut_short(path: Path) -> None:
    """Half of a file."""
    write(town(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def open_ring(path: Path) -> None:
    """WKB whose ring has three points and is not closed, in a GeoParquet file."""
    import pyarrow.parquet as pq

    frame = town()
    frame.to_parquet(path)
    table = pq.read_table(path)
    ring = struct.pack("<BIII6d", 1, 3, 1, 3, 0, 0, 9, 0, 9, 9)
    shapes = [ring, *table.column("geometry").to_pylist()[1:]]
    import pyarrow as pa

    at = table.schema.get_field_index("geometry")
    pq.write_table(
        table.set_column(at, "geometry", pa.array(shapes)).replace_schema_metadata(
            table.schema.metadata
        ),
        path,
    )


def wrong_cpg(said: str | None) -> Callable[[Path], None]:
    """A shapefile of Western letters that says something else."""

    def make(path: Path) -> None:
        town().assign(name="Tür").to_file(path, encoding="latin1")
        page = path.with_suffix(".cpg")
        page.unlink() if said is None else page.write_text(said)

    return make


def two_layers(path: Path) -> None:
    """Two layers, none of which is called buildings."""
    for name in ("one", "two"):
        pyogrio.write_dataframe(town(), path, layer=name, append=path.exists())


def zipped(path: Path) -> None:
    """A layer in an archive."""
    inner = path.with_name("inner.gpkg")
    write(town(), inner)
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(inner, "in/inner.gpkg")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "short.gpkg": cut_short, "short.geojson": cut_short, "short.fgb": cut_short,
    "short.parquet": cut_short, "short.shp": cut_short, "ring.parquet": open_ring,
    "cpg utf8.shp": wrong_cpg("UTF-8"), "cpg none.shp": wrong_cpg(None),
    "cpg odd.shp": wrong_cpg("nonsense"), "two.gpkg": two_layers, "zip.zip": zipped,
    "text.gpkg": lambda p: p.write_text("hello"), "text.geojson": lambda p: p.write_text("{"),
    "empty.gpkg": lambda p: p.write_text(""), "empty.geojson": lambda p: p.write_text("{}"),
    "bom.geojson": lambda p: p.write_bytes(b"\xef\xbb\xbf" + town("EPSG:4326").to_json().encode()),
    "latin.geojson": lambda p: p.write_bytes(town("EPSG:4326").assign(name="ü").to_json(ensure_ascii=False).encode("latin1")),
    "folder.shp": lambda p: p.mkdir(),
}  # fmt: skip


def verbs(path: Path) -> dict[str, Callable[[], object]]:
    """What is done with a file."""
    out = path.parent / "out.gpkg"
    return {
        "report": lambda: geoseg.report(path, html=path.parent / "out.html", overwrite=True),
        "zones": lambda: geoseg.report(town(), zones=path),
        "compare": lambda: geoseg.compare(path, path, out, overwrite=True),
        "evaluate": lambda: geoseg.evaluate(path, path, gsd_m=1.0),
        "regularize": lambda: geoseg.regularize(path, out, overwrite=True),
    }


def outcome(run: Callable[[], object], limit_s: int) -> tuple[str, str]:
    """What became of a call, and what it said."""

    def late(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(limit_s)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            run()
    except GeosegError as error:
        return "refused", " ".join(str(error).split())
    except TimeoutError:
        return "over time", ""
    except Exception:  # noqa: BLE001  # what is looked for
        return "traceback", traceback.format_exc()
    else:
        return "ran", ""
    finally:
        signal.alarm(0)


def _warm(folder: Path) -> Path:
    """A plain layer that goes first."""
    write(town(), folder / "first.gpkg")
    return folder / "first.gpkg"


def main() -> None:
    """Make the files, run the verbs, print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder for the files; else they are removed")
    parser.add_argument("--limit", type=int, default=30, help="seconds that a verb may take")
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument("--verbose", action="store_true", help="every refusal too")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    made = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for run in verbs(
            _warm(folder)
        ).values():  # what is compiled at the first call counts for none
            run()
        for path in files(folder):
            if given.only not in path.name:
                continue
            made += 1
            for verb, run in verbs(path).items():
                what, said = outcome(run, given.limit)
                counts[what] += 1
                if what in {"traceback", "over time"} or given.verbose:
                    print(f"{what}: {verb} {path.name}\n{said}")
    print(f"{made} files: " + ", ".join(f"{what} {count}" for what, count in counts.items()))
    sys.exit(bool(counts["traceback"] or counts["over time"]))


if __name__ == "__main__":
    main()
