"""A process that was forked after a network had run is told so, and waits for no thread that it has not got."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from small_model import written

from geoseg.errors import UsageError
from geoseg.models import forked, load_model
from geoseg.models.weights import Architecture

SMALL = Architecture(depth=3, decoder_channels=(8, 8, 8), heads=("body",))
IMAGES = np.zeros((1, 3, 64, 64), np.uint8)


@pytest.mark.parametrize(("runtime", "library"), [("openvino", "OpenVINO"), ("torch", "torch")])
def test_a_network_that_ran_before_the_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str, library: str
) -> None:
    monkeypatch.setattr(forked, "_begun", {})
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    model = load_model(written(tmp_path, SMALL), device="cpu", runtime=runtime, precision="fp32")
    model.predict_maps(IMAGES)
    model.predict_maps(IMAGES)  # in the same process
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(UsageError, match=rf"forked from one in which {library} had run"):
        model.predict_maps(IMAGES)


def test_torch_with_one_thread_has_none_to_wait_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked, "_begun", {"torch": -1})
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    model = load_model(written(tmp_path, SMALL), device="cpu", runtime="torch", precision="fp32")
    model.predict_maps(IMAGES)
