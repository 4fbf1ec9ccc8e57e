"""Whose calibration a model has after its thresholds were chosen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from geoseg.train import choosing

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
    rule: Any = SimpleNamespace(prior=None if prior is None else SimpleNamespace(**prior))
    changes = {
        "judge_own": BEFORE, "judge_each": [anew], "search": anew, "proof_of": proof, "_standing": rule,
        "cross_fit": SimpleNamespace(learnt=learnt),
    }  # fmt: skip
    for name, value in changes.items():
        monkeypatch.setattr(choosing, name, lambda *_, value=value: value)
    own: Any = None
    chosen = choosing.choose([], own, rule)
    assert chosen.calibrates is calibrates
    assert chosen.best is (anew if calibrates and prior else BEFORE)
