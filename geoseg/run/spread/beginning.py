"""The start of a worker process: before it is told what to do, and before libraries load."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from geoseg.run.lightly import begin_lightly

LOOK_EVERY_S = 0.5
"""How often a worker looks whether its parent is still there."""


def begin(parent: int) -> None:
    """Ctrl-C is the parent's affair, and its death ends this process."""
    begin_lightly()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True, name="end with parent").start()


def _end_with(parent: int) -> None:
    import psutil

    try:
        process = psutil.Process(parent)
        # A parent that was killed and that nobody waited for is still listed; its children are not its own.
        while (sys.platform == "win32" or os.getppid() == parent) and process.is_running():
            time.sleep(LOOK_EVERY_S)
    except psutil.Error:
        pass
    os._exit(1)
