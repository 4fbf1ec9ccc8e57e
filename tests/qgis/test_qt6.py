"""The plugin against PyQt6 from pip: enums, signals, processes; QGIS itself is played."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY

SCRIPT = Path(__file__).with_name("check_qt6.py")
PYTHON = os.environ.get("GEOSEG_QT6_PYTHON", sys.executable)
"""A Python that has PyQt6."""


def test_the_plugin_runs_with_qt_6(tmp_path: Path) -> None:
    asked = subprocess.run([PYTHON, "-c", "import PyQt6.QtTest"], capture_output=True, check=False)
    if asked.returncode:
        pytest.skip(f"{PYTHON} has no PyQt6; GEOSEG_QT6_PYTHON names one that has")
    done = subprocess.run(
        [PYTHON, str(SCRIPT), str(REPOSITORY / "qgis/geoseg"), str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "good"), done.stderr
