"""The set-up as people click through it: cases of in_qgis.py."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from geoseg.dialog import SetupDialog
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from geoseg import engine, finding, installing


def dialog(program: str, png: str) -> dict:
    chosen = os.environ.pop("GEOSEG_PYTHON", "")
    window = SetupDialog()
    window.show()
    before = window.status.text()
    window.use("/nowhere/python")
    refused = window.status.text()
    window.use(program)
    told = window.status.text()
    QTest.mouseClick(window.test, Qt.MouseButton.LeftButton)
    window.grab().save(png)
    os.environ["GEOSEG_PYTHON"] = chosen
    return {"before": before, "refused": refused, "chosen": told, "tested": window.status.text(),
            "candidates": finding.candidates({"PATH": "/usr/bin"})}  # fmt: skip


def waited(window: SetupDialog, seconds: int = 500) -> str:
    """The last sentence, once nothing runs any more."""
    until = time.monotonic() + seconds
    while window._installer is not None and time.monotonic() < until:
        QTest.qWait(20)
    return window.status.text()


def offline(wheels: str, broken: str) -> dict:
    """From a folder of wheels to a geoseg that answers; before that all that can go wrong."""
    os.environ.pop("GEOSEG_PYTHON", None)
    window = SetupDialog()
    window.show()
    seen = {}
    window._install(broken)
    seen["no wheel"] = window.status.text()
    seen["failed"] = failing(window, wheels)
    seen["after failing"] = finding.own_folder().exists()
    window._install(wheels)
    while not window.status.text().startswith("2/2"):
        QTest.qWait(20)
    QTest.qWait(500)
    QTest.mouseClick(window.cancel, Qt.MouseButton.LeftButton)
    seen["cancelled"] = waited(window)
    seen["after cancelling"] = finding.own_folder().exists()
    window._install(wheels)
    seen["installed"] = waited(window)
    seen["log"] = window.log.toPlainText()[-2000:]
    seen["button"] = window.install.text()
    window._install(wheels)
    seen["upgraded"] = waited(window)
    QTest.mouseClick(window.test, Qt.MouseButton.LeftButton)
    seen["tested"] = window.status.text()
    seen["used"] = finding.candidates(finding.environment())
    QTest.mouseClick(window.remove, Qt.MouseButton.LeftButton)
    seen["removed"] = [window.status.text(), finding.own_folder().exists()]
    return seen


def failing(window: SetupDialog, wheels: str) -> str:
    """A folder that lacks what geoseg needs."""
    folder = Path(wheels).with_name("lacking")
    folder.mkdir(exist_ok=True)
    for wheel in Path(wheels).glob("geoseg-*.whl"):
        shutil.copy(wheel, folder)
    window._install(str(folder))
    return waited(window)


def refusals(folder: str) -> dict:
    """What the set-up says where there is no way."""
    seen = {}
    place = installing.fresh_folder()
    needed, pythons = installing.NEEDED_GB, installing.base_python
    installing.NEEDED_GB = 10**9
    seen["space"] = said(lambda: installing.steps({"PATH": "/usr/bin"}, place))
    installing.NEEDED_GB = 0
    installing.base_python = lambda _: ""
    qgis = installing._qgis_pythons
    installing._qgis_pythons = list
    seen["python"] = said(lambda: installing.steps({"PATH": ""}, place))
    uv = Path(folder) / "uv"
    uv.write_text("#!/bin/sh\nexit 0\n")
    uv.chmod(0o755)
    seen["uv"] = [list(one.words) for one in installing.steps({"PATH": folder}, place)]
    installing._qgis_pythons = qgis
    seen["no uv"] = [one.told for one in installing.steps({"PATH": ""}, place)]
    installing.NEEDED_GB, installing.base_python = needed, pythons
    seen["ended"] = [ended_with(line) for line in PIP_SAYS]
    seen["left"] = finding.own_folder().exists()
    return seen


PIP_SAYS = (
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)'",
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    "ERROR: something else",
)


def ended_with(line: str) -> str:
    """The sentence after a step that says this and fails."""
    step = installing.Step(("/bin/sh", "-c", f'echo "{line}"; exit 1'), "installing")
    installer = installing.Installer([step], installing.fresh_folder(), dict(os.environ))
    ended = []
    installer.ended.connect(lambda _, told: ended.append(told))
    installer.start()
    until = time.monotonic() + 60
    while not ended and time.monotonic() < until:
        QTest.qWait(10)
    return ended[0]


def said(asked: object) -> str:
    try:
        asked()
    except engine.EngineError as error:
        return str(error)
    return "nothing"


CASES = {"dialog": dialog, "offline": offline, "refusals": refusals}
