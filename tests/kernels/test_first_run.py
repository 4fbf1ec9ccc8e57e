"""What is said before the first run."""

from __future__ import annotations

from pathlib import Path

import numba
import pytest

from geoseg.kernels import jit


def test_code_of_an_earlier_run_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert not jit.is_compiled()
    (tmp_path / "kernels_ab").mkdir()
    (tmp_path / "kernels_ab" / "a.nbi").touch()
    assert jit.is_compiled()
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(jit, "_rooms", [tmp_path])
    assert not jit.is_compiled()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.nbi").touch()
    assert jit.is_compiled()
