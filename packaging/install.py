"""``python packaging/install.py ARGUMENTS``: ``pip install ARGUMENTS`` by uv, and by pip where uv cannot.

uv takes a third of the time, but reads nothing of what pip is configured by: behind a mirror, a folder of wheels or
a company's certificate it would find nothing, or other files. So it is told.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
UV = (sys.executable, "-m", "uv", "pip", "install", "--python", sys.executable)
LISTS = {
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraint",
    "trusted-host": "--allow-insecure-host",
}
"""Settings of pip that hold several things, and the option by which uv takes each."""
SECTIONS = ("global", "install", ":env:")
"""Of pip's settings, those that hold for an installation; later ones win."""


def configured(listed: str) -> dict[str, str]:
    """Settings for an installation by what ``pip config list`` prints, a line each: ``install.cert='/a.pem'``."""
    found: dict[tuple[str, str], str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.partition(".")
        found[section, name] = str(ast.literal_eval(value))
    return {
        name: value
        for wanted in SECTIONS
        for (section, name), value in found.items()
        if section == wanted
    }


def options(settings: Mapping[str, str]) -> list[str]:
    """Options by which uv looks where pip does, and takes the best of all indexes as pip does."""
    given = [
        part
        for name, option in LISTS.items()
        for one in settings.get(name, "").split()
        for part in (option, one)
    ]
    if "index-url" in settings:
        given += ["--default-index", settings["index-url"]]
    if settings.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        given += ["--no-index"]
    return [*given, "--index-strategy", "unsafe-best-match"]


def by_uv(arguments: list[str]) -> bool:
    """Whether uv could; it is fetched where it is not there."""
    if subprocess.run([*PIP, "install", "--quiet", "uv"], check=False).returncode:
        return False
    listed = subprocess.run([*PIP, "config", "list"], check=True, capture_output=True, text=True)
    settings = configured(listed.stdout)
    trust = {"SSL_CERT_FILE": settings["cert"]} if "cert" in settings else {}
    command = [*UV, "--quiet", *options(settings), *arguments]
    return not subprocess.run(command, check=False, env=os.environ | trust).returncode


def main(arguments: list[str]) -> int:
    """The exit code of what installed."""
    if by_uv(arguments):
        return 0
    print("uv cannot install this here, so pip does.", file=sys.stderr)
    command = [*PIP, "install", "--quiet", "--no-compile", *arguments]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
