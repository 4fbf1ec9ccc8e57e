"""One run at a time per output: a file in the state folder says who is writing.

It names a process by its id and start time, since an id is given again to others, and by the machine and
container it runs in. Whoever finds the lock asks the system whether that process lives; where it runs
elsewhere, the lock's time of change tells, which its owner renews. Times of change are compared with
that of a file just made in the same folder, never with a clock of one's own.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from geoseg.errors import OutputError, OutputInUseError
from geoseg.files.atomic import TEMPORARY_SUFFIX, output_errors
from geoseg.files.links import followed

if TYPE_CHECKING:
    from types import TracebackType

LOCK = "lock"
"""Name of the file, and the beginning of the names of what is needed to make it."""
BEAT_S = 10.0
"""Seconds between two signs of life."""
STALE_S = 120.0
"""Seconds without one after which a process that cannot be asked for counts as gone."""
SAME_START_S = 2.0
"""How much two readings of one process's start may differ: it is counted from the start of the system,
whose time of day is corrected now and then."""
ATTEMPTS = 50
"""How often a lock that changes hands is looked at again."""
PAUSE_S = 0.02
"""Seconds between two looks."""

_log = logging.getLogger(__name__)


class Owner(BaseModel):
    """Who holds a lock; the content of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: str
    """Of this one run."""
    pid: int
    """Id of its process."""
    started_s: float
    """When the process started, seconds since 1970."""
    host: str
    """Name of its machine."""
    pid_space: str
    """Where ids of processes mean the same: of the container, on Linux."""
    since: datetime
    """When the run began to write, UTC."""

    @classmethod
    def this_run(cls) -> Owner:
        """The calling process."""
        import psutil

        return cls(
            token=uuid.uuid4().hex,
            pid=os.getpid(),
            started_s=psutil.Process().create_time(),
            host=socket.gethostname(),
            pid_space=_pid_space(),
            since=datetime.now(UTC).replace(microsecond=0),
        )

    def lives(self, silent_s: float) -> bool:
        """True when the run may still be writing.

        Args:
            silent_s: Seconds since its last sign of life.
        """
        known = None
        if (self.host, self.pid_space) == (socket.gethostname(), _pid_space()):
            known = _lives(self.pid, self.started_s)
        return silent_s < STALE_S if known is None else known

    def __str__(self) -> str:
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{where}, since {self.since:%Y-%m-%d %H:%M:%S} UTC"


def parts_folder(output: Path) -> Path:
    """Where the state of the run that writes ``output``, or what a link of that name leads to, lies."""
    place = followed(output)
    return place.with_name(place.name + ".parts")


class OutputLock:
    """Keeps other runs from an output while the block lasts."""

    def __init__(self, output: Path) -> None:
        self.output = output
        """What is locked."""
        self._folder = parts_folder(output)
        self._path = self._folder / LOCK
        self._owner = Owner.this_run()
        self._over = Event()

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            OutputInUseError: Another run holds it.
            OutputError: The folder cannot be written.
        """
        try:
            with output_errors(self._folder, "Choose a folder that you may write to."):
                self._take()
                self._own.unlink(missing_ok=True)
        except BaseException:
            self._clean()
            raise
        Thread(target=self._beat, name="geoseg-lock", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of it, and of the folder where nothing else is in it."""
        self._over.set()
        with suppress(OSError):  # the result counts; a lock of a process that ended is no lock
            if self._holder() == self._owner:
                self._path.unlink()
        self._clean()

    def require_held(self) -> None:
        """Give a sign of life, and refuse to go on where the lock is gone.

        Raises:
            OutputError: The state folder was removed, or another run took it.
        """
        with output_errors(self._path):
            holder = self._holder()
            if holder == self._owner:
                os.utime(self._path)
                return
        taken = "was removed" if holder is None else f"was taken over by {holder},"
        raise OutputError(
            f"{self._folder} {taken} while this run was writing there. Start the run again, and leave "
            "the folder alone meanwhile."
        )

    def _take(self) -> None:
        for _ in range(ATTEMPTS):
            self._folder.mkdir(exist_ok=True)
            with suppress(FileNotFoundError):  # another run removed what it left behind
                self._own.write_text(self._owner.model_dump_json(), encoding="utf-8")
                if _appears(self._own, self._path) or self._replace_stale():
                    return
            time.sleep(PAUSE_S)
        raise OutputInUseError(
            f"{self.output} is wanted by several runs at once; give this one another name"
        )

    def _replace_stale(self) -> bool:
        """Take the lock of a run that is gone; False: it changed hands meanwhile.

        Raises:
            OutputInUseError: Its run lives.
        """
        silent_s = self._own.stat().st_mtime - self._path.stat().st_mtime
        try:
            holder = Owner.model_validate_json(self._path.read_bytes())
        except ValidationError:
            return self._remove_unreadable(silent_s)
        if holder.lives(silent_s):
            raise OutputInUseError(
                f"{self.output} is being written by {holder}; wait for its end, stop it, or give "
                "another name"
            )
        return self._replace(holder)

    def _replace(self, gone: Owner) -> bool:
        """Only one of several gets the claim on the lock of a run that is gone."""
        claim = self._folder / f"{LOCK}-{gone.token}-taken{TEMPORARY_SUFFIX}"
        if not _appears(self._own, claim):
            if self._own.stat().st_mtime - claim.stat().st_mtime > STALE_S:
                claim.unlink()  # whoever claimed it is gone as well
            return False
        try:
            if self._holder() != gone:
                return False
            _log.info("%s is no longer written by %s, which is gone", self.output, gone)
            self._own.replace(self._path)
        finally:
            claim.unlink(missing_ok=True)
        return True

    def _remove_unreadable(self, silent_s: float) -> bool:
        """A lock is complete when it appears: one that cannot be read was damaged."""
        if silent_s > STALE_S:
            self._path.unlink()
            return False
        raise OutputInUseError(
            f"{self._path} cannot be read, so that nobody knows who is writing {self.output}; "
            "remove it if no other run is"
        )

    @property
    def _own(self) -> Path:
        """The lock before it appears under its name."""
        return self._folder / f"{LOCK}-{self._owner.token}{TEMPORARY_SUFFIX}"

    def _holder(self) -> Owner | None:
        """Whose lock it is; None: there is none that can be read."""
        try:
            return Owner.model_validate_json(self._path.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None

    def _clean(self) -> None:
        """Remove what is of no use any more."""
        with suppress(OSError):
            self._own.unlink(missing_ok=True)
            self._folder.rmdir()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            with suppress(OSError):  # the next commit finds out and says so
                if self._holder() == self._owner:
                    os.utime(self._path)


def _appears(complete: Path, path: Path) -> bool:
    """Give a complete file a second name; False: the name is taken."""
    try:
        path.hardlink_to(complete)
    except FileExistsError:
        return False
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        return _copied(complete, path)
    return True


def _copied(complete: Path, path: Path) -> bool:
    try:
        with path.open("xb") as file:
            file.write(complete.read_bytes())
    except FileExistsError:
        return False
    return True


def _lives(pid: int, started_s: float) -> bool | None:
    """Whether a process of this machine lives; None: its system does not tell."""
    import psutil

    if not psutil.pid_exists(pid):
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        same = abs(process.create_time() - started_s) < SAME_START_S
    except psutil.Error:
        return None
    # Another start may be another process, or the time of day was set: then signs of life decide.
    return True if same else None


def _pid_space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
