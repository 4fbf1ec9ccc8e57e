"""What changed between two dates, against towns whose changes are known."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from commands import invoke
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from output_tables import WHOLE

from geoseg import report
from geoseg.change import compare
from geoseg.change.match import match
from geoseg.errors import OutputExistsError, UnreadableVectorError, UsageError
from geoseg.export.frames import FrameLayer
from geoseg.export.output import write_frame, write_layers
from geoseg.vectors.load import load

CRS = "EPSG:32645"
LEFT, BOTTOM = 340_000, 3_060_000
SPACING = 50
TRUTH = {"unchanged": 60, "changed": 15, "gone": 10, "new": 20}


def squares(cells: NDArray[np.intp], side: float = 20.0) -> NDArray[np.object_]:
    x, y = LEFT + SPACING * (cells % 15) + 10, BOTTOM + SPACING * (cells // 15) + 10
    return np.asarray(shapely.box(x, y, x + side, y + side), dtype=object)


def frame(shapes: NDArray[np.object_]) -> gpd.GeoDataFrame:
    ids = 1000 + np.arange(len(shapes))
    return gpd.GeoDataFrame({"building_id": ids}, geometry=shapes, crs=CRS)


def make_dates() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """60 stay (drawn half a metre off), 15 grow to 1.6 times the side, 10 go, 20 come."""
    cells = np.random.default_rng(2).permutation(15 * 15)[:105]
    stay, grow, go, come = np.split(cells, [60, 75, 85])
    old = np.concatenate([squares(stay), squares(grow), squares(go)])
    moved = shapely.transform(squares(stay), lambda xy: xy + 0.5)
    new = np.concatenate([squares(come), squares(grow, 32), moved])
    return frame(old), frame(new)


def write_date(path: Path, buildings: gpd.GeoDataFrame, extent: shapely.Geometry) -> Path:
    buildings.to_file(path, layer="buildings", driver="GPKG")
    gpd.GeoDataFrame(geometry=[extent], crs=CRS).to_file(path, layer="extent", driver="GPKG")
    return path


def counts(result: object) -> dict[str, int]:
    return dict(Counter(result.changes["change"]))  # type: ignore[attr-defined]


def test_the_known_changes_are_found() -> None:
    old, new = make_dates()
    result = compare(old, new)
    assert counts(result) == TRUTH
    total = result.table.iloc[-1]
    assert total["zone"] == "total"
    assert {kind: total[kind] for kind in TRUTH} == TRUTH
    assert (total["buildings_old"], total["buildings_new"]) == (len(old), len(new))
    grown = result.changes[result.changes["change"] == "changed"]
    assert grown["iou"].to_numpy() == pytest.approx(400 / 1024)
    assert (grown["area_change_m2"] / grown["area_old_m2"]).to_numpy() == pytest.approx(1.56)
    assert result.changes.geometry.is_valid.all()


def test_ids_point_into_both_layers() -> None:
    old, new = make_dates()
    changes = compare(old, new).changes
    for row in changes.itertuples():
        assert (row.old_id == -1) == (row.change == "new")
        assert (row.new_id == -1) == (row.change == "gone")
        if row.old_id >= 0:
            earlier = old.set_index("building_id").geometry[row.old_id]
            assert earlier.intersects(row.geometry)


def test_zones_add_up_to_the_total() -> None:
    old, new = make_dates()
    table = compare(old, new, grid="200m").table
    for column in (*TRUTH, "buildings_old", "area_new_m2", "observed_km2"):
        assert table[column].iloc[-1] == pytest.approx(table[column].iloc[:-1].sum(), rel=1e-12)
    assert (table["buildings_old"] == table[["unchanged", "changed", "gone"]].sum(axis=1)).all()
    assert (table["buildings_new"] == table[["unchanged", "changed", "new"]].sum(axis=1)).all()


def test_another_crs_changes_nothing() -> None:
    old, new = make_dates()
    assert counts(compare(old.to_crs("EPSG:3857"), new)) == TRUTH


def test_what_one_date_could_not_see_is_not_gone(tmp_path: Path) -> None:
    old, new = make_dates()
    everything = shapely.box(LEFT, BOTTOM, LEFT + 750, BOTTOM + 750)
    half = shapely.box(LEFT, BOTTOM, LEFT + 400, BOTTOM + 750)
    before = write_date(tmp_path / "old.gpkg", old, everything)
    seen = new[new.geometry.centroid.x < LEFT + 400]
    after = write_date(tmp_path / "new.gpkg", seen, half)
    result = compare(before, after)
    gone = result.changes[result.changes["change"] == "gone"]
    assert gone.geometry.within(half).all()
    assert 0 < len(gone) < TRUTH["gone"]
    assert result.table["observed_km2"].iloc[-1] == pytest.approx(0.3, rel=1e-3)
    assert any("only one date" in note for note in result.notes)
    backwards = compare(after, before).changes
    come = backwards[backwards["change"] == "new"]
    assert come.geometry.within(half).all()
    assert len(come) == len(gone)


def test_all_outputs_are_written(tmp_path: Path) -> None:
    old, new = make_dates()
    outputs = [tmp_path / f"c.{suffix}" for suffix in ("gpkg", "html", "csv", "xlsx", "json")]
    result = compare(old, new, grid="300m", output=[outputs[0], *outputs[2:]], html=outputs[1])
    layers = {str(name) for name, _ in pyogrio.list_layers(outputs[0])}
    assert {"changes", "change_zones"} <= layers
    stored = gpd.read_file(outputs[0], layer="changes")
    assert Counter(stored["change"]) == TRUTH
    styles = gpd.read_file(outputs[0], layer="layer_styles")
    assert set(styles["f_table_name"]) == {"changes", "change_zones"}
    (kinds,) = styles["styleQML"][styles["f_table_name"] == "changes"]
    assert '<renderer-v2 type="categorizedSymbol"' in kinds
    assert ' attr="change"' in kinds
    page = outputs[1].read_text(encoding="utf-8")
    assert "Buildings: what changed" in page
    assert "#1597ab" in page
    assert json.loads(outputs[4].read_text())["rows"][-1]["new"] == TRUTH["new"]
    assert len(gpd.pd.read_csv(outputs[2])) == len(result.table)
    with pytest.raises(OutputExistsError):
        compare(old, new, html=outputs[1])
    with pytest.raises(OutputExistsError):
        compare(old, new, output=outputs[0])


@pytest.mark.parametrize("suffix", WHOLE)
def test_changes_are_written_in_every_format_of_polygons(tmp_path: Path, suffix: str) -> None:
    old, new = make_dates()
    paths = [tmp_path / f"{name}{suffix}" for name in ("old", "new", "changes")]
    write_frame(old, paths[0])
    write_frame(new, paths[1])
    result = compare(str(paths[0]), paths[1], paths[2])
    assert counts(result) == TRUTH
    stored = load(paths[2], "rows", layer="changes" if suffix == ".gpkg" else None).frame
    assert Counter(stored["change"]) == TRUTH
    assert sorted(stored["new_id"]) == sorted(result.changes["new_id"])
    assert "60 unchanged, 15 changed, 10 gone, 20 new" in repr(result)
    assert result.as_dict()["new"] == TRUTH["new"]


def test_layers_of_both_dates_are_named(tmp_path: Path) -> None:
    old, new = make_dates()
    path = tmp_path / "both.gpkg"
    write_layers([FrameLayer("2019", old), FrameLayer("2024", new)], path)
    with pytest.raises(UnreadableVectorError, match="2019, 2024"):
        compare(path, path, old_layer="2019")
    assert counts(compare(path, path, old_layer="2019", new_layer="2024")) == TRUTH


def test_the_command_line(tmp_path: Path) -> None:
    old, new = make_dates()
    everything = shapely.box(LEFT, BOTTOM, LEFT + 750, BOTTOM + 750)
    before = write_date(tmp_path / "old.gpkg", old, everything)
    after = write_date(tmp_path / "new.gpkg", new, everything)
    output = tmp_path / "changes.gpkg"
    done = invoke("compare", before, after, "-o", output, "--json")
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert {kind: summary[kind] for kind in TRUTH} == TRUTH
    assert summary["observed_km2"] == pytest.approx(0.5625, rel=1e-2)
    assert output.exists()


def test_empty_dates_are_all_new_or_all_gone() -> None:
    old, new = make_dates()
    assert counts(compare(old.iloc[:0], new)) == {"new": len(new)}
    assert counts(compare(old, new.iloc[:0])) == {"gone": len(old)}


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    old, new = make_dates()
    with pytest.raises(UsageError, match="--match"):
        compare(old, new, unchanged_iou=0.2, match_iou=0.3)
    here = write_date(tmp_path / "a.gpkg", old, shapely.box(LEFT, BOTTOM, LEFT + 9, BOTTOM + 9))
    there = write_date(tmp_path / "b.gpkg", new, shapely.box(0, 0, 9, 9))
    with pytest.raises(UsageError, match="no observed area in common"):
        compare(here, there)
    for pair in (
        (old, there),
        (there, old),
    ):  # as after a wrong CRS: nothing is all new, or all gone
        with pytest.raises(UsageError, match="no observed area in common"):
            compare(*pair)
    with pytest.raises(UsageError, match="is an input"):
        compare(here, new, output=here, overwrite=True)


boxes = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 4), st.integers(1, 4)),
    min_size=1,
    max_size=8,
)


@given(boxes, boxes)
def test_matches_are_one_to_one_and_leave_no_better_free_pair(
    first: list[tuple[int, int, int, int]], second: list[tuple[int, int, int, int]]
) -> None:
    old = np.array([shapely.box(x, y, x + w, y + h) for x, y, w, h in first])
    new = np.array([shapely.box(x, y, x + w, y + h) for x, y, w, h in second])
    found = match(old, new, 0.2)
    assert len(set(found.old)) == len(set(found.new)) == len(found.old)
    best_old = dict(zip(found.old, found.iou, strict=True))
    best_new = dict(zip(found.new, found.iou, strict=True))
    for a, earlier in enumerate(old):
        for b, later in enumerate(new):
            iou = earlier.intersection(later).area / earlier.union(later).area
            taken = max(best_old.get(a, 0.0), best_new.get(b, 0.0))
            assert iou < 0.2 or iou <= taken + 1e-12


@given(boxes)
def test_a_town_compared_with_itself_is_unchanged(sides: list[tuple[int, int, int, int]]) -> None:
    town = np.array([shapely.box(x * 10, y * 10, x * 10 + w, y * 10 + h) for x, y, w, h in sides])
    found = match(town, town, 0.5)
    assert sorted(found.old) == list(range(len(town)))
    assert found.iou == pytest.approx(1)


@pytest.mark.parametrize(("found", "said"), [(0, None), (1, "One of the two"), (2, "Both dates")])
def test_what_was_drawn_by_hand_is_not_called_the_estimate_of_a_model(
    found: int, said: str | None
) -> None:
    old, new = make_dates()
    if found:
        new = new.assign(confidence=0.9)
    if found == 2:
        old.attrs["geoseg"] = {"model": {"name": "default"}}  # without a calibration
    notes = [one for one in compare(old, new).notes if "model" in one]
    assert [one.startswith(str(said)) for one in notes] == ([True] if said else [])
    about = [one for one in report(new).notes if "model estimates" in one]
    assert len(about) == bool(found)
