"""Which geoseg to use: one that was chosen, one that the plugin installed, or one on the PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from qgis.core import QgsApplication, QgsSettings

from . import engine as engines

SETTING = "geoseg/program"
"""The chosen Python interpreter, or ``geoseg`` program."""
VARIABLE = "GEOSEG_PYTHON"
"""Overrules the setting, for scripts and tests."""

COMPLETE = "complete"
"""Name of the file that tells an environment from a part of one."""

_known: dict[str, engines.Engine] = {}


def environment() -> dict[str, str]:
    """For every process that the plugin starts: QGIS's own settings removed, its proxy added."""
    cleaned = engines.clean_environment(os.environ, QgsApplication.prefixPath())
    return {**_proxy(), **cleaned}


def _proxy() -> dict[str, str]:
    """The proxy of QGIS's options, for pip."""
    settings = QgsSettings()
    if not settings.value("proxy/proxyEnabled", False, type=bool):
        return {}
    kind = settings.value("proxy/proxyType", "")
    host, port = settings.value("proxy/proxyHost", ""), settings.value("proxy/proxyPort", "")
    if kind not in {"HttpProxy", "HttpCachingProxy", "Socks5Proxy"} or not host:
        return {}
    scheme = "socks5" if kind == "Socks5Proxy" else "http"
    address = f"{scheme}://{host}:{port}" if port else f"{scheme}://{host}"
    return {name: address for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")}


def own_folder() -> Path:
    """Where the plugin installs a geoseg of its own."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "geoseg"


def python_in(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def environment_folder() -> Path | None:
    """The plugin's own geoseg, the newest that is complete; None where there is none."""
    whole = [mark.parent for mark in own_folder().glob(f"environment*/{COMPLETE}")]
    return max(whole, key=lambda one: (one / COMPLETE).stat().st_mtime, default=None)


def candidates(environ: dict[str, str]) -> list[str]:
    """Programs that may be a geoseg, the most wanted first."""
    chosen = [os.environ.get(VARIABLE, ""), QgsSettings().value(SETTING, "") or ""]
    whole = environment_folder()
    own = "" if whole is None else str(python_in(whole))
    found = shutil.which("geoseg", path=environ.get("PATH")) or ""
    every = [*chosen, own, found]
    return list(dict.fromkeys(one for one in every if one))


def engine(environ: dict[str, str]) -> engines.Engine:
    """The geoseg to use; what was chosen is never passed over in silence.

    Raises:
        EngineError: there is none that can be used.
    """
    programs = candidates(environ)
    if not programs:
        raise engines.EngineError(
            "geoseg is not installed yet: open Plugins, geoseg, Set up geoseg, which finds or installs it"
        )
    first = programs[0]
    if first not in _known:
        _known[first] = engines.check(first, environ)
    return _known[first]


def forget() -> None:
    """Ask anew which versions there are."""
    _known.clear()
