"""The offline page: escaped, small, complete, and working in a real browser."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from rasterio.io import MemoryFile

from geoseg.errors import UnreadableRasterError
from geoseg.statistics import mapdata, report
from geoseg.statistics import page as page_module
from geoseg.statistics.charts import area_histogram
from geoseg.statistics.mapdata import encode, fit, pack

NASTY = ["<script>window.hacked = 1</script>", 'O\'Hara & "Sons"', "</script><b>", "plain"]
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SELF_TEST = """
<script>
window.addEventListener("load", () => setTimeout(() => {
  const canvas = document.getElementById("map");
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colours = () => {
    pen.canvas.width = canvas.width;
    pen.canvas.height = canvas.height;
    pen.drawImage(canvas, 0, 0);
    const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    return new Set(new Uint32Array(data.buffer));
  };
  // Frames are rare in a browser without a screen; printing draws at once.
  const paint = () => window.dispatchEvent(new Event("beforeprint"));
  const column = (n) => [...document.querySelectorAll("#figures tbody tr")]
    .map((row) => row.cells[n].textContent);
  const press = (n) => document.querySelectorAll("#figures thead button")[n].click();
  paint();
  const result = { overview: colours().size, drawn: canvas.dataset.drawn };
  press(1); result.descending = column(1);
  press(1); result.ascending = column(1);
  press(2); result.areas = column(2);
  press(0); result.names = column(0);
  result.foot = document.querySelector("#figures tfoot").rows[0].cells[0].textContent;
  for (let i = 0; i < 8; i++) document.getElementById("zoom-in").click();
  paint();
  result.zoomed = colours().size;
  result.drawnZoomed = canvas.dataset.drawn;
  const box = canvas.getBoundingClientRect();
  const at = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2,
    pointerId: 1, bubbles: true };
  canvas.setPointerCapture = () => {};
  canvas.dispatchEvent(new PointerEvent("pointerdown", at));
  canvas.dispatchEvent(new PointerEvent("pointerup", at));
  result.tip = document.getElementById("tip").textContent;
  result.requests = performance.getEntriesByType("resource").map((entry) => entry.name);
  result.hacked = window.hacked ?? 0;
  result.errors = window.errors;
  result.wide = document.documentElement.scrollWidth - window.innerWidth;
  const out = document.createElement("pre");
  out.id = "self-test";
  out.textContent = JSON.stringify(result);
  document.body.append(out);
}, 300));
</script>
"""
WATCH = """<script>
window.errors = [];
window.addEventListener("error", (event) => errors.push(event.message));
window.addEventListener("securitypolicyviolation", (event) => errors.push(event.blockedURI));
</script>"""


def make_buildings(count: int = 400, corners: int = 4) -> gpd.GeoDataFrame:
    random = np.random.default_rng(3)
    side = int(np.ceil(np.sqrt(count)))
    spots = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)[:count]
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + np.pi / 4
    radius = random.uniform(3, 12, (count, corners))
    offset = np.stack([np.cos(angles), np.sin(angles)], -1) * radius[..., None]
    rings = (spots * 150.0 + (340_000, 3_060_000))[:, None] + offset
    return gpd.GeoDataFrame(geometry=shapely.polygons(rings), crs="EPSG:32645")


def make_zones(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    left, bottom, right, top = buildings.total_bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    quarters = [
        shapely.box(left, bottom, x, y), shapely.box(x, bottom, right, y + 70),
        shapely.box(left, y, x, top), shapely.box(x, y + 70, right, top),
    ]  # fmt: skip
    return gpd.GeoDataFrame({"name": NASTY}, geometry=quarters, crs=buildings.crs)


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    buildings = make_buildings()
    path = tmp_path_factory.mktemp("page") / "r.html"
    report(buildings, zones=make_zones(buildings), html=path)
    return path.read_text(encoding="utf-8")


class Elements(HTMLParser):
    """Tags, and the text of table cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_every_name_is_escaped(html: str) -> None:
    found = Elements()
    found.feed(html)
    assert found.tags.count("script") == 2
    assert "b" not in found.tags[found.tags.index("table") :]
    assert [name for name in NASTY if name in found.cells] == NASTY
    assert not [name for name, _ in found.attributes if name.startswith("on")]


def test_nothing_is_loaded(html: str) -> None:
    assert "default-src 'none'" in html
    assert not re.search(r"https?://|url\(|@import|src=", html)


@pytest.mark.thorough
def test_ten_thousand_buildings_stay_small(tmp_path: Path) -> None:
    buildings = make_buildings(10_000, corners=12)
    report(buildings, zones=make_zones(buildings), html=tmp_path / "r.html")
    assert (tmp_path / "r.html").stat().st_size < 2_000_000


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
def test_the_orthophoto_lies_below_the_map(tmp_path: Path, make_raster: Any) -> None:
    buildings = make_buildings()
    left, _, _, top = buildings.total_bounds
    pixels = np.full((3, 300, 300), [[[200]], [[60]], [[20]]], np.uint16)
    pixels[:, :, 150:] = 100
    transform = Affine(10, 0, left, 0, -10, top)
    image = make_raster("photo.tif", pixels, transform=transform, nodata=0)
    report(buildings, zones=make_zones(buildings), raster=image, html=tmp_path / "r.html")
    photo = map_json((tmp_path / "r.html").read_text())["photo"]
    with MemoryFile(base64.b64decode(photo.split(",")[1])) as memory, memory.open() as stored:
        shown = stored.read()
    assert max(shown.shape) == 1200
    west, east = shown[:, 600, 100], shown[:, 600, 1000]
    assert west.tolist() == pytest.approx([255, 57, 0], abs=9)
    assert east.std() < 5


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
def test_the_orthophoto_may_lie_in_an_archive(tmp_path: Path, make_raster: Any) -> None:
    buildings = make_buildings()
    left, _, _, top = buildings.total_bounds
    transform = Affine(10, 0, left, 0, -10, top)
    image = make_raster("photo.tif", np.full((3, 300, 300), 200, np.uint8), transform=transform)
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(image, "photo.tif")
    page = tmp_path / "r.html"
    report(buildings, zones=make_zones(buildings), raster=f"/vsizip/{archive}/photo.tif", html=page)
    assert map_json(page.read_text())["photo"]
    with pytest.raises(UnreadableRasterError, match=r"name it as /vsizip/.*photos\.zip/photo\.tif"):
        report(buildings, raster=f"{archive}!photo.tif")


def test_a_missing_orthophoto_is_told_before_the_work() -> None:
    with pytest.raises(UnreadableRasterError, match="no such file"):
        report(make_buildings(), raster="nowhere.tif")


def test_too_many_buildings_become_density(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoseg.statistics.build.MOST_OUTLINES", 100)
    report(make_buildings(), html=tmp_path / "r.html")
    data = map_json((tmp_path / "r.html").read_text())
    assert "buildings" not in data
    assert sum(unpack(data["density"]["cells"])[2::3]) == 400


def test_a_page_of_many_zones_shows_the_largest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "MOST_ROWS", 2)
    buildings = make_buildings()
    zones = make_zones(buildings)
    table = report(buildings, zones=zones, html=tmp_path / "r.html").table
    text = (tmp_path / "r.html").read_text()
    largest = table.iloc[:-1].nlargest(2, "buildings").index
    assert map_json(text)["zones"]["names"] == [NASTY[i] for i in sorted(largest)]
    assert "shows the 2 zones" in text


def test_the_histogram_holds_every_building() -> None:
    areas = np.array([0.2, 1, 9.99, 10, 35, 35, 1e5])
    chart = area_histogram(areas, [50.0], ("red", "blue"))
    counts = [int(re.search(r": ([\d,]+) buildings?", bar.hint)[1]) for bar in chart.bars]  # type: ignore[index]
    assert sum(counts) == len(areas)
    assert {bar.colour for bar in chart.bars} == {"red", "blue"}
    empty = area_histogram(np.empty(0), [50.0], ("red", "blue"))
    assert not sum(bar.height for bar in empty.bars)
    assert [tick.text for tick in empty.x_ticks][:: len(empty.x_ticks) - 1] == ["10", "1,000"]


def map_json(html: str) -> dict[str, Any]:
    found = re.search(r'id="map-data">(.*?)</script>', html, re.DOTALL)
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def unpack(text: str) -> list[int]:
    """The decoder of the page, in Python."""
    numbers, value, shift = [], 0, 0
    for byte in base64.b64decode(text):
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    return numbers


@given(st.lists(st.integers(-(2**52), 2**52)))
def test_packed_numbers_come_back(numbers: list[int]) -> None:
    assert unpack(pack(np.array(numbers, dtype=np.int64))) == numbers


def test_encoded_polygons_are_off_by_half_a_quantum_at_most() -> None:
    ring = shapely.box(340_000.123, 3_060_000.456, 340_050.7, 3_060_080.9)
    shape = shapely.difference(ring, shapely.box(340_010, 3_060_010, 340_020, 3_060_020))
    shapes = np.array([shape, shapely.MultiPolygon([ring])])
    frame = fit(shapes, CRS(32645))
    numbers = iter(unpack(encode(shapes, frame)))
    position = np.zeros(2)
    for original in shapes:
        rings = shapely.get_rings(shapely.get_parts(original))
        assert next(numbers) == len(rings)
        for expected in rings:
            points = []
            for _ in range(next(numbers)):
                position += (next(numbers), next(numbers))
                points.append(position * (1, -1) * frame.quantum_m + (frame.left, frame.top))
            error = np.abs(np.array(points) - shapely.get_coordinates(expected)[:-1])
            assert error.max() <= frame.quantum_m / 2 + 1e-6


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326", "EPSG:2263"])
def test_the_scale_of_the_map_is_that_of_the_ground(crs: str) -> None:
    spot = {"EPSG:2263": (-73.9, 40.7)}.get(crs, (10.0, 60.0))
    metres = gpd.GeoSeries([shapely.Point(spot)], crs=4326)
    square = metres.to_crs(metres.estimate_utm_crs()).buffer(500, cap_style="square")
    frame = fit(np.array(square.to_crs(crs).array, dtype=object), CRS(crs))
    # The square is turned by the convergence of the meridians.
    assert frame.width * frame.quantum_m == pytest.approx(1000, rel=0.04)
    assert frame.height * frame.quantum_m == pytest.approx(1000, rel=0.04)


def test_coarse_quanta_keep_wide_areas_in_range() -> None:
    frame = fit(np.array([shapely.box(0, 0, 3e6, 1e6)]), CRS(32645))
    assert frame.width <= mapdata.MOST_QUANTA


@pytest.mark.thorough
@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [1200, pytest.param(500, marks=pytest.mark.thorough)])
def test_the_page_works_in_a_browser(html: str, tmp_path: Path, width: int) -> None:
    page = tmp_path / "page.html"
    tested = html.replace("<title>", WATCH + "<title>").replace("</body>", SELF_TEST + "</body>")
    page.write_text(tested, encoding="utf-8")
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900",
        "--virtual-time-budget=5000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in run.stderr
    found = re.search(r'<pre id="self-test">(.*?)</pre>', run.stdout, re.DOTALL)
    assert found, run.stdout[-2000:]
    result = json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert result["errors"] == []
    assert result["requests"] == []
    assert result["hacked"] == 0
    assert result["drawn"] == "zones"
    assert result["overview"] > 4
    assert result["drawnZoomed"] == "buildings"
    assert result["zoomed"] > 4
    counts = [int(text) for text in result["descending"]]
    assert counts == sorted(counts, reverse=True)
    areas = [float(text.replace(",", "")) for text in result["areas"]]
    assert areas == sorted(areas, reverse=True)
    assert max(areas) > 1000
    assert result["ascending"] == result["descending"][::-1]
    assert sorted(result["names"]) == sorted(NASTY)
    assert result["names"] != NASTY
    assert result["foot"] == "total"
    assert "Buildings per km²" in result["tip"]
    assert result["wide"] <= 0
