"""What is said before the first run."""

from __future__ import annotations

from pathlib import Path

import pytest

from geoseg.kernels import keeping


def test_code_of_an_earlier_run_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keeping.OWN_CHOICE, str(tmp_path))
    assert not keeping.is_compiled()
    (tmp_path / "kernels_ab").mkdir()
    (tmp_path / "kernels_ab" / "a.nbi").touch()
    assert keeping.is_compiled()
    monkeypatch.delenv(keeping.OWN_CHOICE)
    monkeypatch.setattr(keeping, "ROOMS", (tmp_path,))
    monkeypatch.setattr(keeping, "code_folder", lambda: None)
    assert not keeping.is_compiled()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.nbi").touch()
    assert keeping.is_compiled()
