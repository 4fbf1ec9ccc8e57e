"""A geoseg of the plugin's own: an environment in the profile's folder, made, upgraded and removed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from qgis.PyQt.QtCore import QObject, QProcess, QProcessEnvironment, pyqtSignal

from . import engine, finding

PACKAGE = "geoseg"
LEAST_PYTHON = (3, 11)
NEWEST_TRIED = 14
UV_PYTHON = "3.11"
NEEDED_GB = 4
"""Free space to have before: geoseg and its libraries, what pip unpacks on the way, and the old one beside."""
SIZE = "about 1.2 GB"
_REASONS = (
    (re.compile("No space left|Errno 28|not enough space", re.IGNORECASE), "the disk is full"),
    (
        re.compile(
            "NewConnectionError|NameResolution|ConnectTimeout|ProxyError|Max retries|dns error"
        ),
        "the package index cannot be reached: check the network, and the proxy in QGIS's options, or "
        "install from a folder of wheels",
    ),
)
"""What pip and uv say at length, and what it means."""
TEMPORARY = "temporary"
"""Folder for what is unpacked on the way: on the same disk, and gone in the end."""


@dataclass(frozen=True)
class Step:
    """One process."""

    words: tuple[str, ...]
    """Program and arguments."""
    told: str
    """What it does, for people."""


def installed() -> bool:
    """Whether there is a complete one."""
    return finding.environment_folder() is not None


def fresh_folder() -> Path:
    """Where the next one is made: an older one stays as it is until the new one answers."""
    number, folder = 1, finding.own_folder() / "environment"
    while folder.exists():
        number += 1
        folder = finding.own_folder() / f"environment-{number}"
    return folder


def base_python(environ: dict[str, str]) -> str:
    """A Python that is new enough to make an environment of; empty where there is none."""
    names = [f"python3.{minor}" for minor in range(NEWEST_TRIED, LEAST_PYTHON[1] - 1, -1)]
    found = [shutil.which(name, path=environ.get("PATH")) for name in [*names, "python3", "python"]]
    own = [] if sys.platform == "darwin" else [str(one) for one in _qgis_pythons() if one.exists()]
    for program in [*own, *filter(None, found)]:
        if _version(program, environ) >= LEAST_PYTHON:
            return program
    return ""


def _qgis_pythons() -> list[Path]:
    """The interpreter of QGIS's Python: sys.executable is QGIS itself, and names differ."""
    folder = Path(sys.exec_prefix)
    if sys.platform == "win32":
        return [folder / "python3.exe", folder / "python.exe"]
    return [folder / "bin/python3"]


def _version(program: str, environ: dict[str, str]) -> tuple[int, ...]:
    """Of a Python that can make environments; (0,) of anything else."""
    code = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
    try:
        done = subprocess.run(
            [program, "-I", "-c", code], capture_output=True, text=True, env=environ, timeout=30,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    parts = done.stdout.split()
    return tuple(map(int, parts)) if done.returncode == 0 and len(parts) == 2 else (0,)


def steps(environ: dict[str, str], folder: Path, wheels: str = "") -> list[Step]:
    """What makes an environment.

    Args:
        environ: Cleaned.
        folder: Where to.
        wheels: Folder of wheels to install from without a network; empty: from the package index.

    Raises:
        EngineError: there is no Python to begin with, or no space.
    """
    _require_space(folder)
    if wheels and not list(Path(wheels).glob(f"{PACKAGE}-*.whl")):
        raise engine.EngineError(f"{wheels} holds no wheel of {PACKAGE} ({PACKAGE}-*.whl)")
    source = ["--no-index", "--find-links", wheels] if wheels else []
    pip = [str(finding.python_in(folder)), *_PIP]
    install = Step((*pip, *source, PACKAGE), f"installing {PACKAGE} ({SIZE})")
    return [*_making(environ, folder, source), install]


_PIP = ("-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input")


def _making(environ: dict[str, str], folder: Path, source: list[str]) -> list[Step]:
    python = base_python(environ)
    if python:
        return [Step((python, "-I", "-m", "venv", "--clear", str(folder)), f"making {folder}")]
    uv = shutil.which("uv", path=environ.get("PATH") or os.defpath)
    tool = finding.own_folder() / "uv"
    own = next((str(one) for one in _qgis_pythons() if one.exists()), "")
    if not uv and not own:
        raise engine.EngineError(
            "no Python 3.11 or newer was found, nor uv, which could bring one: install Python from "
            "python.org, or choose a geoseg that you have"
        )
    getting = [] if uv else [
        Step((own, *_PIP, "--target", str(tool), *source, "uv"), "getting uv, which brings a Python")
    ]  # fmt: skip
    program = uv or str(tool / "bin" / ("uv.exe" if sys.platform == "win32" else "uv"))
    words = (program, "venv", "--clear", "--seed", "--python", UV_PYTHON, str(folder))
    return [*getting, Step(words, f"getting Python {UV_PYTHON} and making {folder}")]


def _require_space(folder: Path) -> None:
    there = next(one for one in [folder, *folder.parents] if one.exists())
    free_gb = shutil.disk_usage(there).free / 1e9
    if free_gb < NEEDED_GB:
        raise engine.EngineError(
            f"{there} has {free_gb:.1f} GB of free space; {NEEDED_GB} GB are needed to install geoseg"
        )


def remove() -> None:
    """Take the plugin's own geoseg away."""
    shutil.rmtree(finding.own_folder(), ignore_errors=True)
    finding.forget()


class Installer(QObject):
    """Runs the steps one after the other while the window stays alive."""

    said = pyqtSignal(str)
    """A line of a step's output."""
    began = pyqtSignal(str, int, int)
    """A step: what it does, its number and how many there are."""
    ended = pyqtSignal(bool, str)
    """Whether it went well, and a sentence."""

    def __init__(
        self,
        planned: list[Step],
        folder: Path,
        environ: dict[str, str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._steps, self._next, self._folder = planned, 0, folder
        self._last: list[str] = []
        self._reason = ""
        self._cancelled = False
        self._environ = environ
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        variables = QProcessEnvironment()
        temporary = str(finding.own_folder() / TEMPORARY)
        unpacked = {name: temporary for name in ("TMPDIR", "TEMP", "TMP")}
        for name, value in {**environ, **unpacked}.items():
            variables.insert(name, value)
        self._process.setProcessEnvironment(variables)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)

    def start(self) -> None:
        """Begin."""
        try:
            (finding.own_folder() / TEMPORARY).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._end(False, f"{finding.own_folder()} cannot be made: {error.strerror}")
            return
        self._go_on()

    def cancel(self) -> None:
        """Stop, and leave nothing of a new environment behind."""
        self._cancelled = True
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(10_000)

    def _go_on(self) -> None:
        if self._next == len(self._steps):
            self._check()
            return
        step = self._steps[self._next]
        self._next += 1
        self.began.emit(step.told, self._next, len(self._steps))
        self._last, self._reason = [], ""
        self._process.start(step.words[0], list(step.words[1:]))

    def _read(self) -> None:
        text = bytes(self._process.readAllStandardOutput()).decode("utf-8", "replace")
        for line in filter(None, (one.strip() for one in text.splitlines())):
            self._last = [*self._last[-2:], line]
            known = (means for sign, means in _REASONS if sign.search(line))
            self._reason = self._reason or next(known, "")
            self.said.emit(line)

    def _finished(self, code: int, status: object) -> None:
        self._read()
        if self._cancelled:
            self._end(False, "cancelled; nothing is left behind")
        elif code or status != QProcess.ExitStatus.NormalExit:
            step = self._steps[self._next - 1]
            why = self._reason or " ".join(self._last) or f"code {code}"
            self._end(False, f"{step.told} failed: {why}")
        else:
            self._go_on()

    def _failed(self, error: object) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            program = self._steps[self._next - 1].words[0]
            self._end(False, f"{program} cannot be started: {self._process.errorString()}")

    def _check(self) -> None:
        try:
            found = engine.check(str(finding.python_in(self._folder)), self._environ)
        except engine.EngineError as error:
            self._end(False, str(error))
            return
        (self._folder / finding.COMPLETE).write_text(found.version, encoding="utf-8")
        for older in finding.own_folder().glob("environment*"):
            if older != self._folder:
                shutil.rmtree(older, ignore_errors=True)
        finding.forget()
        self._end(True, f"geoseg {found.version} is ready")

    def _end(self, good: bool, sentence: str) -> None:
        shutil.rmtree(finding.own_folder() / TEMPORARY, ignore_errors=True)
        if not good:
            shutil.rmtree(self._folder, ignore_errors=True)
            if not installed():
                remove()
        self.ended.emit(good, sentence)
