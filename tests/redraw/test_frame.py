import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import town
from commands import invoke
from output_tables import WHOLE
from shapely.geometry import MultiPolygon, Point, Polygon, box
from tries import first

from geoseg.errors import GeosegError, OutputExistsError, UnreadableVectorError, UsageError
from geoseg.export.frames import FrameLayer
from geoseg.export.output import write_frame, write_layers
from geoseg.redraw import regularize
from geoseg.vectors.load import load

UTM = "EPSG:32633"
INFINITE = shapely.transform(box(0, 0, 1, 1), lambda xy: np.where(xy == 1, np.inf, xy))
BOWTIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])


def frame(*shapes: object, crs: str = UTM) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": [f"n{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=crs
    )


def noisy_town(crs: str = UTM) -> gpd.GeoDataFrame:
    lots = town.build_town(town.TownSpec(12, town.RECTILINEAR, seed=7))
    moved = gpd.GeoSeries(lots.raw, crs=UTM).affine_transform([0.3, 0, 0, 0.3, 5e5, 5e6])
    return gpd.GeoDataFrame({"lot": lots.lot}, geometry=moved, crs=UTM).to_crs(crs)


def test_rows_index_columns_and_crs_survive() -> None:
    given = noisy_town()
    given.index = given.index[::-1] * 3
    before = given.copy()
    drawn = regularize(given)
    assert drawn.index.equals(given.index)
    assert list(drawn.columns) == ["lot", "geometry", "shape"]
    assert drawn["lot"].equals(given["lot"])
    assert drawn.crs == given.crs
    assert given.geometry.geom_equals_exact(before.geometry, 0).all()
    assert drawn.attrs["regularize"]["rows"] == len(given)


def test_noisy_outlines_become_straight_and_stay_a_coverage() -> None:
    drawn = regularize(noisy_town())
    assert (drawn["shape"] == "regularized").mean() > 0.8
    assert drawn.is_valid.all()
    assert shapely.get_num_coordinates(drawn.geometry.array).mean() < 25
    assert shapely.coverage_is_valid(np.asarray(drawn.geometry.array))


@pytest.mark.thorough
def test_degrees_give_the_same_as_metres() -> None:
    metric, degrees = regularize(noisy_town()), regularize(noisy_town("EPSG:4326"))
    apart = degrees.to_crs(UTM).geometry.symmetric_difference(metric.geometry).area
    assert (apart / metric.geometry.area).median() < 0.02


def test_what_cannot_be_drawn_comes_back_empty_and_counted() -> None:
    drawn = regularize(
        frame(None, Polygon(), box(0, 0, 9, 9), Polygon([(20, 0), (30, 0), (25, 0)]))
    )
    counts = drawn.attrs["regularize"]
    assert (counts["empty"], counts["covered"]) == (2, 1)
    assert drawn.geometry.iloc[0] is None
    assert drawn["shape"].notna().tolist() == [False, False, True, False]


def test_broken_rings_heights_and_parts_are_handled() -> None:
    spike = Polygon([(0, 40), (20, 40), (20, 50), (30, 50), (20, 50.00001), (20, 60), (0, 60)])
    touching_hole = Polygon(
        [(40, 0), (60, 0), (60, 20), (40, 20)], [[(40, 5), (45, 5), (45, 10), (40, 10)]]
    )
    tall = Polygon([(80, 0, 5), (90, 0, 5), (90, 10, 5), (80, 10, 5)])
    two = MultiPolygon([box(100, 0, 110, 10), box(120, 0, 130, 10)])
    drawn = regularize(frame(BOWTIE, spike, touching_hole, tall, two))
    counts = drawn.attrs["regularize"]
    assert drawn.is_valid.all()
    assert counts["invalid"] == 2
    assert counts["with_z"] == 1
    assert not drawn.has_z.any()
    assert len(drawn.geometry.iloc[4].geoms) == 2


def test_overlaps_go_to_the_smaller_and_are_counted() -> None:
    drawn = regularize(frame(box(0, 0, 20, 10), box(18, 0, 60, 10)))
    assert drawn.attrs["regularize"]["overlapping"] == 1
    first, second = drawn.geometry
    assert first.intersection(second).area == 0
    assert first.area == pytest.approx(200, rel=0.02)


def test_walls_that_nearly_touch_become_one() -> None:
    drawn = regularize(frame(box(0, 0, 20, 10), box(20.1, 0, 40, 10)))
    assert drawn.geometry.iloc[0].intersection(drawn.geometry.iloc[1]).length == pytest.approx(
        10, rel=0.05
    )
    assert shapely.coverage_is_valid(np.asarray(drawn.geometry.array))


def test_a_second_run_changes_nothing_to_speak_of() -> None:
    once = regularize(noisy_town())
    twice = regularize(once.drop(columns="shape"))
    straight = once["shape"] == "regularized"
    apart = twice.geometry.symmetric_difference(once.geometry).area / once.geometry.area
    assert apart[straight].median() < 0.001
    assert apart[straight].max() < 0.05


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (frame(Point(0, 0)), "holds a Point"),
        (frame(INFINITE), "not finite"),
        (frame(box(0, 0, 1, 1), box(20, 0, 21, 1), crs="EPSG:4326"), "Split it by region"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(
    given: gpd.GeoDataFrame, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        regularize(given)


def test_arguments_and_layers_that_cannot_be_used(tmp_path: Path) -> None:
    house = frame(box(0, 0, 20, 10))
    with pytest.raises(UnreadableVectorError, match="no CRS"):
        regularize(house.set_crs(None, allow_override=True))
    for wrong in (
            {"gsd_m": 0}, {"gsd_m": float("nan")}, {"gsd_m": 1e9}, {"snap_m": -1},
            {"snap_m": float("inf")}, {"snap_m": 1000}, {"oblique": 0.5}, {"oblique": float("nan")},
            {"oblique": 101},
        ):  # fmt: skip
        with pytest.raises(UsageError, match=rf"\({next(iter(wrong))}\) must be"):
            regularize(house, **wrong)
    write_frame(house, tmp_path / "in.parquet")
    with pytest.raises(UsageError, match="no layers"):
        regularize(tmp_path / "in.parquet", layer="x")
    with pytest.raises(UsageError, match="is an input"):
        regularize(tmp_path / "in.parquet", tmp_path / "in.parquet", overwrite=True)


@pytest.mark.thorough
def test_paths_and_tables_give_the_same(tmp_path: Path) -> None:
    layers = [FrameLayer("town", noisy_town()), FrameLayer("house", frame(box(0, 0, 20, 10)))]
    write_layers(layers, tmp_path / "in.gpkg")
    expected = regularize(noisy_town())
    with pytest.raises(UnreadableVectorError, match="name one"):
        regularize(tmp_path / "in.gpkg")
    drawn = regularize(str(tmp_path / "in.gpkg"), layer="town")
    assert drawn.geometry.geom_equals_exact(expected.geometry, 1e-6).all()
    assert drawn.attrs == expected.attrs
    done = regularize(noisy_town(), str(tmp_path / "out.gpkg"))
    assert done.as_dict() == {"output": str(tmp_path / "out.gpkg"), **expected.attrs["regularize"]}
    stored = load(tmp_path / "out.gpkg", "footprints").frame
    assert stored.geometry.geom_equals_exact(expected.geometry, 1e-6).all()
    assert stored["shape"].tolist() == expected["shape"].tolist()


@pytest.mark.parametrize("extension", WHOLE)
def test_rows_without_a_geometry_stay_in_the_file(tmp_path: Path, extension: str) -> None:
    given = frame(None, Polygon(), box(0, 0, 9, 9), box(0, 0, 9, 9))
    done = regularize(given, tmp_path / f"out{extension}")
    assert (done.rows, done.empty, done.covered, done.output.suffix) == (4, 2, 1, extension)
    stored = load(done.output, "footprints").frame.sort_values("name")
    assert stored["name"].tolist() == ["n0", "n1", "n2", "n3"]
    assert stored["shape"].notna().sum() == 1


def test_columns_that_the_format_cannot_hold_are_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoseg.redraw.frame.redraw", None)  # which would fail when called
    given = frame(box(0, 0, 20, 10)).assign(waited=np.timedelta64(1, "s"))
    with pytest.raises(UsageError, match=r"'waited' holds .* GeoPackage cannot"):
        regularize(given, tmp_path / "out.gpkg")
    assert list(tmp_path.iterdir()) == []


def run(*arguments: object) -> str:
    result = invoke("regularize", *arguments)
    if isinstance(result.exception, GeosegError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("extension", first(1, [".gpkg", ".geojson", ".fgb", ".parquet"]))
def test_the_command_reads_and_writes_any_format(tmp_path: Path, extension: str) -> None:
    source, target = tmp_path / f"in{extension}", tmp_path / f"out{extension}"
    write_frame(noisy_town(), source)
    told = json.loads(run(source, target, "--json"))
    drawn = load(target, "footprints").frame
    assert told["rows"] == len(drawn) == told["regularized"] + told["simplified"] + told["circle"]
    assert {"lot", "shape"} <= set(drawn.columns)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_command_replaces_nothing_unasked(tmp_path: Path) -> None:
    source, target = tmp_path / "in.gpkg", tmp_path / "out.gpkg"
    frame(box(0, 0, 20, 10)).to_file(source)
    target.write_text("precious")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        run(source, target)
    assert target.read_text() == "precious"
    run(source, target, "--overwrite")
    assert len(gpd.read_file(target)) == 1


def test_the_command_says_what_it_cannot_read(tmp_path: Path) -> None:
    nonsense = tmp_path / "in.gpkg"
    nonsense.write_text("no layer")
    with pytest.raises(UnreadableVectorError, match="cannot be read"):
        run(nonsense, tmp_path / "out.gpkg")
    with pytest.raises(UnreadableVectorError, match="no such file"):
        run(tmp_path / "missing.gpkg", tmp_path / "out.gpkg")
    with pytest.raises(UsageError, match="extension"):
        run(nonsense, tmp_path / "out.xyz")


def test_a_building_drawn_inside_another_is_cut_out_of_it() -> None:
    drawn = regularize(frame(box(0, 0, 40, 40), box(10, 10, 20, 20)))
    outer, inner = drawn.geometry
    assert drawn.attrs["regularize"]["overlapping"] == 1
    assert outer.intersection(inner).area == 0
    assert inner.area == pytest.approx(100, rel=0.02)
