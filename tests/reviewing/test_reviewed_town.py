"""Plots by lot, and verdicts on their way through every verb."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import review as benchmark
import shapely
from commands import exit_code, invoke
from pyproj import Geod
from reviewed_town import CRS, LEFT, TOP, Town, build, judge
from scipy.stats import t
from small_training import ARCHITECTURE

import geoseg
from geoseg.errors import OutputExistsError, UsageError
from geoseg.reviewing.cells import cut_cells
from geoseg.reviewing.population import read_population
from geoseg.reviewing.reading import read_review
from geoseg.reviewing.strata import allocate, draw, stratify
from geoseg.scenes.scene import load_scenes
from geoseg.statistics.sample import Stratum, difference_estimate, stratified_estimate
from geoseg.train.config import TrainConfig
from geoseg.vectors.metadata import read_metadata


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def drawn(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plots that nobody has looked at."""
    path = tmp_path_factory.mktemp("drawn") / "plots.gpkg"
    geoseg.review(town.predicted, path, plots=12, queue=5)
    return path


@pytest.fixture(scope="module")
def judged(town: Town, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, all checked."""
    path = tmp_path_factory.mktemp("judged") / "plots.gpkg"
    path.write_bytes(drawn.read_bytes())
    judge(path, town.truth)
    return path


def edited(
    judged: Path, tmp_path: Path, layer: str, change: Callable[..., gpd.GeoDataFrame]
) -> Path:
    """A copy with one layer changed."""
    path = tmp_path / "edited.gpkg"
    path.write_bytes(judged.read_bytes())
    change(gpd.read_file(path, layer=layer)).to_file(path, layer=layer, driver="GPKG")
    return path


def test_cells_are_all_of_the_ground_and_none_overlap(town: Town) -> None:
    population = read_population(town.predicted)
    cells = cut_cells(population, 12)
    assert shapely.area(cells.shapes).sum() == pytest.approx(town.side_m**2, rel=1e-9)
    assert shapely.union_all(cells.shapes).area == pytest.approx(town.side_m**2, rel=1e-6)
    ground = shapely.box(LEFT, TOP - town.side_m, LEFT + town.side_m, TOP)
    lonlat = gpd.GeoSeries([shapely.segmentize(ground, 5)], crs=CRS).to_crs(4326)
    geodesic = abs(Geod(ellps="WGS84").geometry_area_perimeter(lonlat.iloc[0])[0])
    assert cells.area_m2.sum() == pytest.approx(geodesic, rel=1e-6)
    assert cells.count.sum() == len(population.frame)


def test_every_cell_of_a_stratum_is_drawn_as_often(town: Town) -> None:
    cells = cut_cells(read_population(town.predicted), 10)
    strata = stratify(cells, 10)
    given = allocate(cells, strata, 10)
    assert given.sum() == 10
    assert given.min() >= 2
    times = np.zeros(len(cells.shapes))
    for seed in range(400):
        cell = draw(strata, given, seed)
        assert len(set(cell.tolist())) == 10
        times[cell] += 1
    for one, count in enumerate(given.tolist()):
        members = strata.members(one)
        chance = count / len(members)
        spread = np.sqrt(400 * chance * (1 - chance)) + 1e-9
        assert np.abs(times[members] - 400 * chance).max() < 4.5 * spread


def test_the_lot_is_the_seed_and_nothing_else(town: Town) -> None:
    one, same, other = (geoseg.review(town.predicted, plots=12, seed=seed) for seed in (4, 4, 5))
    assert one.plots.geometry.geom_equals_exact(same.plots.geometry, 0).all()
    assert not one.plots.geometry.geom_equals_exact(other.plots.geometry, 0).all()
    first = one.plots.stratum[: len(one.strata)]
    assert set(first) == {stratum.name for stratum in one.strata}


def test_the_file_holds_plots_their_buildings_and_a_form(town: Town, drawn: Path) -> None:
    plots, rows = gpd.read_file(drawn, layer="plots"), gpd.read_file(drawn, layer="buildings")
    assert plots.plot_id.tolist() == list(range(1, 13))
    assert not plots.checked.any()
    whole = plots.drop_duplicates("stratum").stratum_km2.sum()
    assert whole == pytest.approx(town.side_m**2 / 1e6, rel=2e-3)
    source = gpd.read_file(town.predicted, layer="buildings")
    points = source.geometry.representative_point()
    inside = source[points.within(plots.geometry.union_all())]
    assert sorted(rows.building_id) == sorted(inside.building_id)
    assert set(source.columns) <= set(rows.columns)
    assert rows.remark.eq("as found").all()
    assert rows.review.isna().all()
    by_id = plots.set_index("plot_id").geometry
    assert all(
        by_id[row.plot_id].covers(row.geometry.representative_point()) for row in rows.itertuples()
    )
    near = gpd.read_file(drawn, layer="neighbours")
    assert not set(near.building_id) & set(rows.building_id)
    assert near.intersects(plots.geometry.union_all()).all()
    record = read_metadata(drawn)["review"]
    assert record["seed"] == 1
    assert record["buildings"] == "b.gpkg (layer buildings)"
    styles = pyogrio.read_dataframe(drawn, layer="layer_styles", read_geometry=False)
    form = styles.set_index("f_table_name").styleQML["buildings"]
    assert all(word in form for word in ("ValueMap", "redrawn", "now()", "@user_full_name"))


def test_what_people_checked_is_never_replaced(town: Town, tmp_path: Path) -> None:
    plots = tmp_path / "plots.gpkg"
    geoseg.review(town.predicted, plots, plots=5, queue=3)
    geoseg.review(town.predicted, plots, plots=5, queue=3, overwrite=True)  # nobody has begun
    queue = gpd.read_file(plots, layer="queue")
    queue.loc[0, "review"] = "right"
    queue.to_file(plots, layer="queue", driver="GPKG")
    with pytest.raises(OutputExistsError, match="1 verdict, which --overwrite does not replace"):
        geoseg.review(town.predicted, plots, plots=5, overwrite=True)
    judge(plots, town.truth, 2)
    before = plots.read_bytes()
    for write in (geoseg.review, geoseg.convert, geoseg.regularize):
        with pytest.raises(OutputExistsError, match="verdicts, 2 checked plots, which --overwrite"):
            write(town.predicted, plots, overwrite=True)
    assert plots.read_bytes() == before


def test_the_queue_begins_with_what_is_doubtful(drawn: Path) -> None:
    queue = gpd.read_file(drawn, layer="queue")
    assert queue["rank"].tolist() == [1, 2, 3, 4, 5]
    assert queue.confidence.iloc[0] == pytest.approx(0.4)
    assert "confidence 0.40" in queue.why.iloc[0]


def test_zones_bound_the_plots(town: Town) -> None:
    west = gpd.GeoDataFrame(
        geometry=[shapely.box(LEFT, TOP - town.side_m, LEFT + 200, TOP)], crs=CRS
    )
    found = geoseg.review(town.predicted, plots=5, zones=west.to_crs(4326))
    assert found.plots.total_bounds[2] <= LEFT + 200 + 0.01
    assert sum(one.km2 for one in found.strata) == pytest.approx(0.2 * town.side_m / 1e3, rel=2e-3)


def test_one_stratum_is_the_difference_estimate() -> None:
    random = np.random.default_rng(2)
    plot_m2, gap = random.uniform(5, 9, 20), random.normal(0, 3, 20)
    assert stratified_estimate(500.0, [Stratum(900.0, plot_m2, gap)]) == difference_estimate(
        500.0, 900.0, plot_m2, gap
    )


def test_strata_add_up_as_in_the_text_book() -> None:
    """Cochran, chapter 5, for plots of one size: means, variances and degrees of freedom by hand."""
    gaps = [np.array([1.0, 4.0, 2.0]), np.array([0.0, 1.0, 0.0, 3.0])]
    cells = [30, 100]
    parts = [
        Stratum(10.0 * count, np.full(len(gap), 10.0), gap)
        for count, gap in zip(cells, gaps, strict=True)
    ]
    found = stratified_estimate(50.0, parts)
    value = 50 + 30 * 7 / 3 + 100 * 1.0
    variances = []
    for count, gap in zip(cells, gaps, strict=True):
        n = len(gap)
        # Royall and Cumberland free residuals of their own weight: n / (n - 1) more than Cochran.
        variance = gap.var(ddof=1) * n / (n - 1)
        variances.append(count**2 * (1 - n / count) * variance / n)
    freedom = sum(variances) ** 2 / sum(
        v**2 / (len(gap) - 1) for v, gap in zip(variances, gaps, strict=True)
    )
    half = t.ppf(0.975, freedom) * np.sqrt(sum(variances))
    assert found.value == pytest.approx(value)
    assert found.high == pytest.approx(value + half)
    assert found.low == pytest.approx(max(0, value - half))


def test_intervals_hold_the_truth() -> None:
    """A small run of benchmarks/review.py."""
    made = benchmark.build_town(40, seed=3)
    found = benchmark.try_draws(made, 20, 60, stratified=True)
    assert all(one.held >= 53 for one in found.values())
    assert all(one.error < 0.15 for one in found.values())


def test_a_sample_of_all_plots_gives_the_true_totals(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "all.gpkg"
    every = len(cut_cells(read_population(town.predicted), 10, 80.0).shapes)
    geoseg.review(town.predicted, path, plots=every, plot_size_m=80.0)
    judge(path, town.truth)
    total = geoseg.report(town.predicted, sample=path).table.iloc[-1]
    assert total.buildings_corrected == pytest.approx(len(town.truth), abs=0.05)
    assert total.area_m2_corrected == pytest.approx(
        geoseg.report(town.truth).table.iloc[-1].area_m2, rel=2e-4
    )
    assert total.buildings_high - total.buildings_low < 1


@pytest.mark.thorough
def test_a_reviewed_town_through_all_verbs(
    town: Town, judged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Report.
    report = json.loads(invoke("report", town.predicted, "--sample", judged, "--json").stdout)
    assert report["sample_plots"] == 12
    assert report["buildings_low"] < len(town.truth) < report["buildings_high"]
    area = town.truth.area.sum()
    assert report["area_m2_low"] < area < report["area_m2_high"]
    assert any("stratum by stratum" in note for note in report["notes"])
    # Evaluate: the counts by hand.
    told = json.loads(invoke("evaluate", town.predicted, "--review", judged, "--json").stdout)
    rows = gpd.read_file(judged, layer="buildings")
    counts = rows.review.value_counts()
    assert told["total"]["true"] == counts.drop("wrong").sum()
    assert told["total"]["predicted"] == counts.drop("added").sum()
    assert told["total"]["matched"] == counts["right"]  # redrawn ones overlap by .36
    figures = told["town"]
    for name in ("f1", "precision", "recall"):
        assert figures[name]["low"] < figures[name]["value"] < figures[name]["high"]
    # Recompute.
    measured = tmp_path / "measured.gpkg"
    answer = json.loads(invoke("recompute", judged, measured, "--json").stdout)
    assert answer["new_ids"] == counts["added"]
    again = gpd.read_file(measured, layer="buildings")
    assert again.building_id.is_unique
    assert again.review.tolist() == rows.review.tolist()
    lonlat = again.to_crs(4326).geometry
    geodesic = [abs(Geod(ellps="WGS84").geometry_area_perimeter(one)[0]) for one in lonlat]
    assert again.area_m2.to_numpy() == pytest.approx(geodesic, rel=1e-6)
    assert {"plots", "neighbours", "queue"} <= set(gpd.list_layers(measured).name)
    # Still a review: the same report.
    later = json.loads(invoke("report", town.predicted, "--sample", measured, "--json").stdout)
    assert later["buildings_corrected"] == report["buildings_corrected"]
    # Dataset.
    ortho = tmp_path / "ortho.tif"
    side = int(town.side_m / 0.5)
    profile = {"driver": "GTiff", "height": side, "width": side, "count": 3, "dtype": "uint8"}
    transform = rasterio.transform.from_origin(LEFT, TOP, 0.5, 0.5)
    with rasterio.open(ortho, "w", crs=CRS, transform=transform, **profile) as target:
        target.write(np.random.default_rng(0).integers(60, 200, (3, side, side), np.uint8))
    chips = tmp_path / "chips"
    options = ("--review", "--val-share", 0, "-o", chips, "--quiet")
    assert exit_code("dataset", ortho, judged, *options) == 0
    scenes = load_scenes(chips, "train")
    known = sum(int((~scene.ignore).sum()) for scene in scenes) * 0.25
    plots = gpd.read_file(judged, layer="plots").geometry.union_all()
    near = gpd.read_file(judged, layer="neighbours").geometry.union_all()
    assert near.intersection(plots).area > 0.03 * plots.area
    assert known == pytest.approx(plots.difference(near).area, rel=0.015)
    seen = sum(scene.ignore.size for scene in scenes) * 0.25
    around = plots.envelope.buffer(64, join_style="mitre")
    assert seen == pytest.approx(around.intersection(town_ground(town)).area, rel=0.03)
    roofs = sum(int(((scene.labels > 0) & ~scene.ignore).sum()) for scene in scenes) * 0.25
    inside = rows[rows.review != "wrong"].geometry.union_all().intersection(plots).difference(near)
    assert roofs == pytest.approx(inside.area, rel=0.03)
    # Train, predict with what was learnt and checked, measure.
    goes_on(judged, ortho, chips, tmp_path)
    capsys.readouterr()


def town_ground(town: Town) -> shapely.Polygon:
    """All of it."""
    return shapely.box(LEFT, TOP - town.side_m, LEFT + town.side_m, TOP)


def goes_on(judged: Path, ortho: Path, chips: Path, tmp_path: Path) -> None:
    """Train from the chips, predict again, and what was checked is there as it was."""
    schedule = {"batch": 2, "max_steps": 2, "steps_per_round": 1, "warmup_steps": 0}
    config = TrainConfig.model_validate(
        {
            "output": tmp_path / "out", "start": "scratch", "architecture": ARCHITECTURE,
            "model_gsd_m": (0.5, 0.5), "schedule": schedule,
            "data": {"scenes": chips, "crop_px": 48, "gsd_m": (0.5, 0.5), "workers": 0},
            "compute": {"accelerator": "cpu", "threads": 1},
        }
    )  # fmt: skip
    model = geoseg.train_model(config).model
    options = ("--model", model, "--runtime", "torch", "--keep-reviewed", judged, "--quiet",
               "--shape", "raw", "--min-area", 60)  # fmt: skip
    assert exit_code("predict", ortho, tmp_path / "next.gpkg", *options) == 0
    found = gpd.read_file(tmp_path / "next.gpkg", layer="buildings")
    rows = gpd.read_file(judged, layer="buildings")
    true = rows[rows.review != "wrong"]
    kept = found[found.review.notna()].set_index("building_id")
    assert kept.review.value_counts().to_dict() == true.review.value_counts().to_dict()
    for row in true[true.building_id.notna()].itertuples():
        assert kept.loc[row.building_id].geometry.equals(row.geometry)
    plots = gpd.read_file(judged, layer="plots").geometry.union_all()
    points = found[found.review.isna()].representative_point()
    assert not points.within(plots).any()
    # It is right where it was told so: that is no judgement, and no sample.
    for judging in ({"sample": judged}, {"review": judged}):
        verb = geoseg.report if "sample" in judging else geoseg.evaluate
        with pytest.raises(UsageError, match="holds what was checked in plots"):
            verb(tmp_path / "next.gpkg", **judging)
    # What comes out is measured: nothing is left for recompute to do.
    done = geoseg.recompute(tmp_path / "next.gpkg", tmp_path / "later.gpkg")
    assert (done.edited, done.new_ids) == (0, 0)


def test_only_checked_plots_count(town: Town, drawn: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.gpkg"
    path.write_bytes(drawn.read_bytes())
    judge(path, town.truth, plots=8)
    rows, plots = (gpd.read_file(path, layer=name) for name in ("buildings", "plots"))
    ids = set(plots.plot_id[plots.checked])
    true = rows[rows.review.isin(["right", "redrawn"]) & rows.plot_id.isin(ids)]
    assert len(read_review(path).truth) == len(true) + (rows.review == "added").sum()
    found = geoseg.report(town.predicted, sample=path)
    assert found.table.iloc[-1].sample_plots == 8
    assert "4 of 12 plots of half.gpkg are not checked and do not count." in found.notes
    assert geoseg.evaluate(town.predicted, review=path).total.true > 0


def _verdict(place: int, value: object) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    def change(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        rows.loc[place, "review"] = value
        return rows

    return change


def _set(column: str, value: object) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    return lambda rows: rows.assign(**{column: value})


def _same_plot(plots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return plots.assign(plot_id=plots.plot_id.replace(2, 1))


def _overlapping(plots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return plots.set_geometry(plots.buffer(30))


def _one_of_a_stratum(plots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return plots.assign(checked=~plots.stratum.duplicated())


@pytest.mark.parametrize(
    ("layer", "change", "said"),
    [
        ("buildings", _verdict(0, "maybe"), "the verdict 'maybe' is unknown"),
        ("buildings", _verdict(0, None), "1 building of checked plots (plot 1) without a verdict"),
        ("buildings", _set("plot_id", 99), "93 buildings of plots that are not there, such as 99"),
        ("plots", _set("checked", 0), "none of the 12 plots is checked"),
        ("plots", _set("checked", "perhaps"), "it takes true or false"),
        ("plots", _set("stratum_km2", np.arange(1.0, 13)), "has several areas"),
        ("plots", _set("stratum", None), "plots lack 'stratum'"),
        ("plots", _same_plot, "the plots plot 1 are there twice"),
        ("plots", _overlapping, "overlapping plots"),
        ("plots", _one_of_a_stratum, "has 1 checked plot; check at least 2"),
    ],
)
def test_bad_reviews_are_one_sentence(
    town: Town, judged: Path, tmp_path: Path, layer: str, change: Callable, said: str
) -> None:
    path = edited(judged, tmp_path, layer, change)
    with pytest.raises(UsageError) as caught:
        geoseg.report(town.predicted, sample=path)
    assert said in str(caught.value)


def test_edits_that_can_be_understood_are_counted(town: Town, judged: Path, tmp_path: Path) -> None:
    def change(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        rows.loc[0, "review"] = " Right "
        left, bottom, right, top = rows.geometry.iloc[0].bounds
        eight = [(left, bottom), (right, top), (right, bottom), (left, top)]
        rows.loc[0, "geometry"] = shapely.Polygon(eight)
        rows.loc[2, "building_id"] = rows.building_id[1]
        far = gpd.GeoDataFrame(
            {"review": ["added"]},
            geometry=[shapely.box(LEFT - 90, TOP, LEFT - 80, TOP + 9)],
            crs=CRS,
        )
        return gpd.GeoDataFrame(pd.concat([rows, far], ignore_index=True), crs=CRS)

    notes = geoseg.report(
        town.predicted, sample=edited(judged, tmp_path, "buildings", change)
    ).notes
    assert any("1 invalid polygon of" in note for note in notes)
    assert any("1 added building of edited.gpkg lies in no plot" in note for note in notes)
    assert any("1 building of edited.gpkg shares the building_id" in note for note in notes)


def test_a_plot_that_was_moved_is_told(judged: Path, tmp_path: Path) -> None:
    left = []

    def change(plots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        rows = gpd.read_file(judged, layer="buildings")
        left.append(int(((rows.plot_id == 1) & rows.review.isin(["right", "redrawn"])).sum()))
        away = plots.geometry.translate(yoff=1e3)
        plots.loc[plots.plot_id == 1, "geometry"] = away[plots.plot_id == 1]
        return plots

    before = read_review(judged)
    after = read_review(edited(judged, tmp_path, "plots", change))
    assert left[0] > 1
    told = f"{left[0]} right or redrawn buildings of edited.gpkg lie outside of the plot"
    assert after.notes[:-1] == before.notes
    assert after.notes[-1].startswith(told)


@pytest.mark.thorough
def test_what_was_added_twice_counts_once(town: Town, judged: Path, tmp_path: Path) -> None:
    def change(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        there = rows[rows.review.isin(["right", "added"])]
        blank = {"review": "added", "plot_id": np.nan, "building_id": np.nan}
        return gpd.GeoDataFrame(pd.concat([rows, there.assign(**blank)]), crs=CRS)

    path = edited(judged, tmp_path, "buildings", change)
    assert len(read_review(path).truth) == len(read_review(judged).truth)
    once, twice = (geoseg.report(town.predicted, sample=one) for one in (judged, path))
    columns = ["buildings_corrected", "buildings_low", "area_m2_corrected"]
    assert twice.table[columns].equals(once.table[columns])
    assert any("that are there already and do not count" in note for note in twice.notes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            (
                "UPDATE plots SET stratum = 'north' WHERE plot_id IN "
                "(SELECT plot_id FROM plots WHERE stratum = 'built' LIMIT 2)"
            ),
            "no stratum 'north' was drawn",
        ),
        ("DELETE FROM plots WHERE stratum = 'built'", "all plots of the stratum 'built' are gone"),
        ("UPDATE plots SET stratum_km2 = stratum_km2 * 2", "and was drawn with"),
    ],
)
def test_strata_stay_as_they_were_drawn(
    drawn: Path, tmp_path: Path, change: str, said: str
) -> None:
    path = tmp_path / "plots.gpkg"
    path.write_bytes(drawn.read_bytes())
    with closing(sqlite3.connect(path)) as connection, connection:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'plots'"
        for (trigger,) in connection.execute(triggers).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        name = connection.execute("SELECT max(stratum) FROM plots").fetchone()[0]
        connection.execute(change.replace("built", name))
    with pytest.raises(UsageError) as caught:
        read_review(path)
    assert said.replace("built", name) in str(caught.value)


@pytest.mark.thorough
def test_capitals_and_spaces_make_no_stratum(town: Town, judged: Path, tmp_path: Path) -> None:
    def change(plots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        odd = plots.stratum.where(plots.plot_id % 4 < 2, " " + plots.stratum.str.upper())
        return plots.assign(stratum=odd)

    path = edited(judged, tmp_path, "plots", change)
    totals = [geoseg.report(town.predicted, sample=one).table.iloc[-1] for one in (judged, path)]
    assert totals[0].buildings_corrected == totals[1].buildings_corrected


def test_plots_are_no_larger_than_their_ground(town: Town, judged: Path, tmp_path: Path) -> None:
    path = edited(
        judged, tmp_path, "plots", lambda plots: plots.assign(stratum_km2=plots.stratum_km2 / 50)
    )
    with pytest.raises(UsageError, match="take them as geoseg review drew them"):
        geoseg.report(town.predicted, sample=path)


def test_fewer_buildings_than_none_are_no_answer() -> None:
    found = stratified_estimate(20.0, [Stratum(900.0, np.full(4, 10.0), np.full(4, -3.0))])
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_what_the_imagery_did_not_reach_is_no_miss(
    town: Town, judged: Path, tmp_path: Path
) -> None:
    west = shapely.box(LEFT, TOP - town.side_m, LEFT + 200, TOP)
    part = tmp_path / "west.gpkg"
    rows = gpd.read_file(town.predicted, layer="buildings")
    rows[rows.representative_point().within(west)].to_file(part, layer="buildings")
    gpd.GeoDataFrame(geometry=[west], crs=CRS).to_file(part, layer="extent")
    found = geoseg.evaluate(part, review=judged)
    checked = gpd.read_file(judged, layer="buildings")
    true = checked[checked.review != "wrong"]
    inside = true.representative_point().within(west)
    assert found.total.true == inside.sum()
    assert f"{(~inside).sum()} true buildings of plots.gpkg lie where the imagery" in str(
        found.notes
    )
    gpd.GeoDataFrame(geometry=[shapely.affinity.translate(west, 5000)], crs=CRS).to_file(
        part, layer="extent"
    )
    with pytest.raises(UsageError, match="none of the checked plots lies on the observed ground"):
        geoseg.evaluate(part, review=judged)


@pytest.mark.thorough
def test_all_wrong_is_an_answer_but_no_lesson(town: Town, judged: Path, tmp_path: Path) -> None:
    path = edited(
        judged,
        tmp_path,
        "buildings",
        lambda rows: rows[rows.review != "added"].assign(review="wrong"),
    )
    total = geoseg.report(town.predicted, sample=path).table.iloc[-1]
    assert total.buildings_low == 0
    result = geoseg.evaluate(town.predicted, review=path)
    assert result.total.precision == 0
    assert "No building of the checked plots is a true one." in result.notes
    with pytest.raises(UsageError, match="nothing to learn"):
        geoseg.pack_dataset("ortho.tif", path, tmp_path / "chips", review=True)


@pytest.mark.thorough
def test_a_sample_of_other_ground_is_told(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "west.gpkg"
    west = gpd.GeoDataFrame(
        geometry=[shapely.box(LEFT, TOP - town.side_m, LEFT + 200, TOP)], crs=CRS
    )
    geoseg.review(town.predicted, path, plots=8, zones=west)
    judge(path, town.truth)
    notes = geoseg.report(town.predicted, sample=path).notes
    assert any("on the rest nothing is corrected" in note for note in notes)
    inside = geoseg.report(town.predicted, sample=path, zones=west)
    assert not any("on the rest" in note for note in inside.notes)
    true = town.truth.geometry.representative_point().x < LEFT + 200
    total = inside.table.iloc[-1]
    assert total.buildings_low < true.sum() < total.buildings_high


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"plots": 1}, "--plots takes 2 or more"),
        ({"plots": 0}, "or 0 with --queue"),
        ({"seed": -1}, "--seed and --queue take 0 or more"),
        ({"plot_size_m": 0.0}, "--plot-size takes metres"),
        ({"plots": 9, "plot_size_m": 300.0}, "ask for fewer"),
    ],
)
def test_wrong_wishes_are_one_sentence(town: Town, options: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        geoseg.review(town.predicted, **options)


def test_other_files_and_other_options_beside_a_review_are_refused(
    town: Town, judged: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="--sample alone takes a file by geoseg review"):
        geoseg.report(town.predicted, sample=town.predicted)
    with pytest.raises(UsageError, match="no file under review"):
        geoseg.evaluate(town.predicted, review=town.predicted)
    with pytest.raises(UsageError, match="leave truth out"):
        geoseg.evaluate(town.predicted, town.truth, review=judged)
    with pytest.raises(UsageError, match="leave aoi out"):
        geoseg.pack_dataset("ortho.tif", judged, tmp_path / "chips", review=True, aoi=(0, 0, 1, 1))


@pytest.mark.thorough
def test_a_table_with_a_geometry_of_another_name_is_reviewed(town: Town, tmp_path: Path) -> None:
    table = gpd.read_file(town.predicted, layer="buildings").rename_geometry("outline")
    told = invoke("review", town.predicted, tmp_path / "a.gpkg", "--plots", 6, "--json")
    assert json.loads(told.stdout)["plots"] == 6
    found = geoseg.review(table.to_crs(4326), tmp_path / "b.gpkg", plots=6, queue=3)
    assert gpd.read_file(tmp_path / "b.gpkg", layer="buildings").crs == 4326
    assert len(found.queue) == 3
    assert "box of its buildings" in found.notes[0]


@pytest.mark.thorough
def test_a_town_without_predictions_can_be_reviewed(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "none.gpkg"
    path.write_bytes(town.predicted.read_bytes())
    gpd.read_file(path, layer="buildings").iloc[:0].to_file(path, layer="buildings", driver="GPKG")
    plots = tmp_path / "plots.gpkg"
    found = geoseg.review(path, plots, plots=6)
    assert len(found.plots) == 6
    judge(plots, town.truth)
    assert geoseg.report(path, sample=plots).table.iloc[-1].buildings_low > 0
