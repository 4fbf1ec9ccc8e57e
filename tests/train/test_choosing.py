"""Whose calibration a model has after its thresholds were chosen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from geoseg.train import choosing
from geoseg.train.search import SCATTERED

BEFORE = SimpleNamespace(f1=0.6, excess_bias=0.0, strayed=0.0)


@pytest.mark.parametrize(
    ("prior", "learnt", "f1", "calibrates"),
    [
        ({"inherited": True}, True, 0.61, True),
        ({"inherited": True}, True, 0.6, True),
        ({"inherited": True}, True, 0.59, False),  # another calibration would find less
        ({"inherited": True}, False, 0.61, False),  # there is none
        ({"inherited": False}, True, 0.61, False),
        (None, True, 0.59, True),
    ],
)
def test_a_calibration_of_other_weights_gives_way_unless_another_finds_less(
    prior: dict[str, bool] | None,
    learnt: bool,
    f1: float,
    calibrates: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anew = SimpleNamespace(f1=f1, excess_bias=0.0, strayed=0.0)
    proof: Any = SimpleNamespace(holds=False)
    prior_of: Any = None if prior is None else SimpleNamespace(**prior)
    rule: Any = SimpleNamespace(prior=prior_of, standing=None)
    changes = {
        "judge_own": BEFORE, "judge_each": [anew], "search": anew, "proof_of": proof, "_standing": rule,
        "cross_fit": SimpleNamespace(learnt=learnt),
    }  # fmt: skip
    for name, value in changes.items():
        monkeypatch.setattr(choosing, name, lambda *_, value=value, **__: value)
    own: Any = None
    chosen = choosing.choose([], own, rule)
    assert chosen.calibrates is calibrates
    assert chosen.best is (anew if calibrates and prior else BEFORE)


@pytest.mark.parametrize(("buildings", "scattered"), [(170.0, SCATTERED), (5000.0, 0)])
def test_few_buildings_are_looked_at_with_thresholds_all_over_the_place(
    buildings: float, scattered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    rule: Any = SimpleNamespace(prior=None, standing=SimpleNamespace(buildings=buildings))
    changes = {"judge_own": BEFORE, "proof_of": SimpleNamespace(holds=False), "_standing": rule}
    for name, value in changes.items():
        monkeypatch.setattr(choosing, name, lambda *_, value=value: value)
    monkeypatch.setattr(choosing, "search", lambda *_, scattered: seen.append(scattered))
    own: Any = None
    choosing.choose([], own, rule)
    assert seen == [scattered]
