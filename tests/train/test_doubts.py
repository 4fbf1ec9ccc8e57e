"""What makes a training doubtful, and its curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from geoseg.models.weights import Metadata, Validation
from geoseg.train.curves import draw_curves, read_log
from geoseg.train.doubts import FEW_STEPS, doubts_of, kept_because, tuning_doubts
from geoseg.train.moments import Moment

if TYPE_CHECKING:
    from geoseg.train.run import Trained


def trained(steps: int, before: float, *scores: float) -> Trained:
    from geoseg.train.run import Trained

    moments = tuple(Moment(steps, 1.0, {"a": score}) for score in scores)
    last = moments[-1] if moments else Moment(steps, 1.0)
    return Trained(Path("m"), last, {"a": before} if moments else {}, moments)


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ((FEW_STEPS - 1, 0.5, 0.6, 0.6), ["too short"]),
        ((1, 0.5, 0.6, 0.6), ["too short: 1 step,"]),
        ((900, 0.5, 0.6, 0.6), []),
        ((900, 0.5, 0.6, 0.5), ["no better"]),
        ((900, 0.5, 0.6, 0.65), ["still rising"]),
        ((900, 0.5), ["no scene was held out"]),
    ],
)
def test_doubts_of_a_training(done: tuple[float, ...], words: list[str]) -> None:
    doubts = doubts_of(trained(*done))
    assert len(doubts) == len(words)
    assert all(word in doubt for word, doubt in zip(words, doubts, strict=True))


@pytest.mark.parametrize(
    ("buildings", "f1", "doubted"),
    [(25, 0.6, True), (25, 0, False), (200, 0.6, False), (0, 0, True), (1, 0, True)],
)
def test_few_buildings_make_thresholds_doubtful(buildings: int, f1: float, doubted: bool) -> None:
    scores = {"buildings": float(buildings), "f1": f1}
    unused = {"buildings": 9999.0, "f1": 0.6}
    metadata = Metadata(
        name="m",
        halo_px=16,
        metrics={"a": scores, "blobs": unused},
        validation=Validation(
            place_weights={"a": 1, "blobs": 0},
            max_area_bias=0.03, draws=1, f1=f1, area_bias=0, folds="none",
        ),
    )  # fmt: skip
    doubts = tuning_doubts(metadata)
    assert bool(doubts) == doubted
    if doubted:
        assert f"{buildings} building{'' if buildings == 1 else 's'} alone" in doubts[0]


@pytest.mark.parametrize(
    ("gain", "words"), [(0.004, "made no better there"), (0.03, "total areas beyond the limit")]
)
def test_thresholds_that_find_more_stay_for_areas(gain: float, words: str) -> None:
    validation = Validation(
        place_weights={"a": 1}, max_area_bias=0.03, f1=0.6, area_bias=0, folds="none",
        kept=True, pieces=9, gain=gain, gain_error=0.01,
    )  # fmt: skip
    assert words in kept_because(validation)


def log(folder: Path, version: int, text: str) -> None:
    path = folder / f"log/version_{version}/metrics.csv"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_curves_are_drawn_from_all_calls_of_a_training(tmp_path: Path) -> None:
    assert draw_curves(tmp_path, {}, Moment()) is None
    last = Moment(26, 0.5, {"a <b>": 0.75})
    log(tmp_path, 0, "epoch,f1/a <b>,loss,step\n0,,2.0,10\n0,,1.0,20\n0,0.5,,20\n1,,9,30\n")
    log(tmp_path, 1, "epoch,f1/a <b>,loss,step\n1,,0.5,25\n1,,nan,26\n")  # resumed from step 24
    assert read_log(tmp_path) == {
        "epoch": [(10, 0), (20, 0), (25, 1), (26, 1)],
        "f1/a <b>": [(20, 0.5)],
        "loss": [(10, 2.0), (20, 1.0), (25, 0.5)],
    }
    path = draw_curves(tmp_path, {"a <b>": 0.25}, last)
    assert path == tmp_path / "curves.svg"
    root = ET.parse(path).getroot()  # noqa: S314  # our own file
    space = "{http://www.w3.org/2000/svg}"
    lines = [line.get("points", "").split() for line in root.iter(f"{space}polyline")]
    assert sorted(map(len, lines)) == [3, 3]
    assert ["0.0,225.0", "230.8,150.0", "300.0,75.0"] in lines
    assert "a <b>" in "".join(root.itertext())
