"""A program that starts geoseg stops it by closing its standard input."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

WAITING = """
import signal, sys, time
from geoseg import machine
machine.GRACE_S = {grace_s}
machine.stop_when_closed(sys.stdin.fileno(), 130)
try:
    {first}
    print("ready", flush=True)
    while True:
        time.sleep(600)
except KeyboardInterrupt:
    sys.exit(7)
"""


@pytest.mark.parametrize(
    ("grace_s", "first", "code"),
    [(300, "pass", 7), (0.1, "signal.signal(signal.SIGINT, signal.SIG_IGN)", 130)],
    ids=["as Ctrl-C does", "by force after a while"],
)
def test_a_closed_standard_input_stops_the_program(grace_s: float, first: str, code: int) -> None:
    text = WAITING.format(grace_s=grace_s, first=first)
    with subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"ready\n"
        process.stdin.close()
        assert process.wait(300) == code


@pytest.mark.skipif(
    sys.platform == "win32", reason="there shells ignore nothing for their children"
)
def test_it_stops_as_quickly_where_it_was_started_in_the_background() -> None:
    given = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as shells do for what ends in &
    try:
        test_a_closed_standard_input_stops_the_program(300, "pass", 7)
    finally:
        signal.signal(signal.SIGINT, given)


def test_an_open_standard_input_changes_nothing() -> None:
    command = [sys.executable, "-m", "geoseg", "--stop-with-stdin", "models", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"geoseg-buildings" in process.stdout.read()
        assert process.wait(300) == 0


def test_a_standard_input_that_is_closed_already_stops_it_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "geoseg", "--stop-with-stdin", "models"],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 130
    assert done.stderr == b"Interrupted.\n"
