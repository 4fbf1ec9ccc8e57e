"""A page as a PDF, printed by a browser of this machine: maps and charts as on the screen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from geoseg.errors import MissingDependencyError, OutputError
from geoseg.files.atomic import replacing

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "msedge",
)  # fmt: skip
"""Programs that print without a window, by their names on the PATH."""
INSTALLED = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
"""Where they lie on systems that have them on no PATH."""
LONGEST_S = 300
"""A page that takes longer is given up."""


def require_browser() -> str:
    """The browser that prints.

    Raises:
        MissingDependencyError: There is none.
    """
    found = next(filter(None, map(shutil.which, (*BROWSERS, *INSTALLED))), None)
    if found is None:
        raise MissingDependencyError(
            "a PDF is printed by a browser, and neither Chromium, Chrome nor Edge is found here; "
            "install one, or write the page with --html and print it from any browser"
        )
    return found


def print_page(html: str, path: Path) -> None:
    """Print a page that loads nothing.

    Raises:
        MissingDependencyError: There is no browser.
        OutputError: It does not print.
    """
    browser = require_browser()
    with tempfile.TemporaryDirectory(prefix="geoseg-pdf-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "page.html").write_text(html, encoding="utf-8")
        told = _run(_command(browser, folder))
        printed = folder / "page.pdf"
        if not printed.exists():
            raise OutputError(
                f"{path}: {Path(browser).name} did not print the page ({told}); write it with --html "
                "and print it by hand"
            )
        with replacing(path) as temporary:
            shutil.copyfile(printed, temporary)


def _command(browser: str, folder: Path) -> list[str]:
    options = [
        "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions",
        "--disable-background-networking", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}", "--no-pdf-header-footer",
        "--virtual-time-budget=10000", f"--print-to-pdf={folder / 'page.pdf'}",
    ]  # fmt: skip
    # As root, on a server or in a container, its sandbox does not start; the page is ours.
    if sys.platform == "linux" and os.geteuid() == 0:
        options.append("--no-sandbox")
    return [browser, *options, (folder / "page.html").as_uri()]


def _run(command: list[str]) -> str:
    """What the browser says last, if anything."""
    try:
        done = subprocess.run(  # noqa: S603  # a browser, and a page of our own
            command, capture_output=True, text=True, check=False, timeout=LONGEST_S,
            stdin=subprocess.DEVNULL, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it took more than {LONGEST_S} s"
    except OSError as error:
        return str(error.strerror)
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
