"""The geoseg that does the work: how it is started, and what its environment may hold.

Nothing here needs QGIS, and nothing of geoseg is imported: QGIS's Python has other versions of numpy
and GDAL, and a crash of the one must not take the other along.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

LEAST_VERSION = (0, 1, 0)
"""Of geoseg: the first with the options that the plugin passes."""
CHECK_TIMEOUT_S = 60
POLL_S = 0.1
GRACE_S = 25.0
"""From the request to stop to the end by force; geoseg itself takes 15 s at most."""

_FOREIGN = re.compile(
    r"(PYTHON(?!IOENCODING|UTF8)\w*|PROJ_\w+|GDAL_(?!HTTP_)\w+|GISBASE|GRASS_\w+|OSGEO4W_\w+|O4W_\w+"
    r"|QT_\w+|QGIS_\w+|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_\w+|OGR_\w+|GEOTIFF_CSV|__PYVENV_LAUNCHER__"
    r"|VIRTUAL_ENV)$",
    re.IGNORECASE,
)
"""What QGIS and its launchers set for themselves; in another Python it means the wrong libraries."""
_SYSTEM = ("/", "/usr", "/usr/local")


class EngineError(Exception):
    """geoseg cannot be started; one sentence that says what to do."""


@dataclass(frozen=True)
class Engine:
    """A geoseg that answers."""

    command: tuple[str, ...]
    """What a verb follows."""
    version: str
    """As it says itself."""


@dataclass
class Outcome:
    """How a call ended."""

    code: int
    """Exit code of the process."""
    result: dict[str, Any] | None = None
    """What ``--json`` printed."""
    cancelled: bool = False
    """It was stopped on request."""
    said: list[str] = field(default_factory=list)
    """Lines on stderr that were no progress."""

    @property
    def error(self) -> str:
        """Why it failed, as geoseg says it."""
        for line in reversed(self.said):
            if line.startswith("Error: "):
                return line[len("Error: ") :]
        return " ".join(self.said[-3:]) or f"geoseg ended with code {self.code} without a word"


def clean_environment(environ: Mapping[str, str], qgis_prefix: str = "") -> dict[str, str]:
    """The environment for a Python that is not QGIS's.

    Args:
        environ: QGIS's own.
        qgis_prefix: Where QGIS is installed; its folders leave PATH, unless it is the system itself.
    """
    kept = {name: value for name, value in environ.items() if not _FOREIGN.match(name)}
    kept["PYTHONUTF8"] = "1"
    path = next((name for name in kept if name.upper() == "PATH"), None)
    if path is not None:
        folders = kept[path].split(os.pathsep)
        kept[path] = os.pathsep.join(one for one in folders if not _within(one, qgis_prefix))
    return kept


def _within(folder: str, prefix: str) -> bool:
    if not folder or not prefix or os.path.normpath(prefix) in _SYSTEM:
        return False
    inside, outside = (os.path.normcase(os.path.normpath(one)) for one in (folder, prefix))
    return inside == outside or inside.startswith(outside.rstrip(os.sep) + os.sep)


def command_of(path: str) -> tuple[str, ...]:
    """How to start the geoseg of a Python interpreter, or a ``geoseg`` program."""
    name = Path(path).name.lower()
    return (path,) if name.startswith("geoseg") else (path, "-I", "-m", "geoseg")


def check(path: str, environment: Mapping[str, str]) -> Engine:
    """Ask a Python, or a program, for its geoseg.

    Raises:
        EngineError: there is none, it holds no geoseg, or one that is too old.
    """
    if not Path(path).is_file():
        raise EngineError(f"there is no program {path}")
    command = command_of(path)
    try:
        done = subprocess.run(
            [*command, "--version"],
            capture_output=True, text=True, encoding="utf-8", errors="replace", check=False,
            env=dict(environment), timeout=CHECK_TIMEOUT_S, stdin=subprocess.DEVNULL,
            **_no_window(),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{path} cannot be started: {error}") from error
    found = re.search(r"^geoseg (\d+)\.(\d+)(?:\.(\d+))?(\S*)", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        if "No module named" in done.stderr and "geoseg" in done.stderr:
            raise EngineError(
                f"{path} is a Python without geoseg; install it there, or choose another"
            )
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise EngineError(f"{path} is no geoseg: {last}")
    version = tuple(int(part or 0) for part in found.groups()[:3])
    text = ".".join(map(str, version)) + found[4]
    if version < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise EngineError(
            f"{path} holds geoseg {text}, which is too old: {least} or newer is needed"
        )
    return Engine(command, text)


def run(
    engine: Engine,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    tell: Callable[[dict[str, Any] | str], None],
    is_cancelled: Callable[[], bool],
) -> Outcome:
    """Run a verb to its end.

    Args:
        engine: Does the work.
        arguments: The verb and its options; progress and the result come as JSON.
        environment: Cleaned.
        tell: Called with every progress report, and with every other line.
        is_cancelled: Asked ten times a second; if so, geoseg is asked to stop and, after a while, ended.

    Raises:
        EngineError: the process cannot be started.
    """
    try:
        process = subprocess.Popen(
            [*engine.command, "--stop-with-stdin", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(environment), **_no_window(),
        )  # fmt: skip
    except OSError as error:
        raise EngineError(f"{engine.command[0]} cannot be started: {error}") from error
    lines: queue.Queue[str] = queue.Queue()
    printed: list[bytes] = []
    readers = [
        threading.Thread(target=_read_lines, args=(process.stderr, lines), daemon=True),
        threading.Thread(target=lambda: printed.append(process.stdout.read()), daemon=True),
    ]
    for reader in readers:
        reader.start()
    outcome = Outcome(-1)
    stop_by = None
    while process.poll() is None or not lines.empty() or readers[0].is_alive():
        _hand_on(lines, outcome, tell)
        if stop_by is None and is_cancelled():
            outcome.cancelled = True
            stop_by = time.monotonic() + GRACE_S
            _close(process.stdin)
        if stop_by is not None and time.monotonic() > stop_by:
            process.kill()
    for reader in readers:
        reader.join(POLL_S * 50)
    outcome.code = process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        _close(stream)
    outcome.result = _parsed(b"".join(printed))
    return outcome


def _hand_on(lines: queue.Queue, outcome: Outcome, tell: Callable[[Any], None]) -> None:
    try:
        line = lines.get(timeout=POLL_S)
    except queue.Empty:
        return
    report = _parsed(line.encode()) if line.startswith("{") else None
    if report is None:
        outcome.said.append(line)
    tell(line if report is None else report)


def _read_lines(stream: Any, lines: queue.Queue) -> None:
    for line in iter(stream.readline, b""):
        text = line.decode("utf-8", "replace").strip()
        if text:
            lines.put(text)


def _close(stream: Any) -> None:
    try:
        stream.close()
    except OSError:  # the process has ended
        pass


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(text.decode("utf-8", "replace"))
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _no_window() -> dict[str, Any]:
    """On Windows a console program opens a window of its own unless told not to."""
    return {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {}
