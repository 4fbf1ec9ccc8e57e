"""A Dask cluster as an executor: whatever started its workers, they look at tiles and finish clusters."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from geoseg.errors import UsageError, WorkerError
from geoseg.models.extras import require
from geoseg.run.spread.working import GO_ON

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)

CONNECT_S = 30.0
"""A scheduler that is there answers sooner."""
RETRIES = 2
"""Further tries of a task whose worker was lost, besides what Dask makes by itself."""
COUNT_EVERY_S = 2.0
"""How often workers are counted: they come and go."""


class DaskExecutor(Executor):
    """A client as an executor, which says how many workers there are and does not wait for ever where all are gone.

    Dask's own executor takes a result that comes while the worker that had it is lost for an error without a reason.
    """

    def __init__(self, client: Any, timeout_s: float, **wishes: Any) -> None:  # noqa: ANN401
        """Begin to count workers.

        Args:
            client: A distributed.Client.
            timeout_s: How long there may be no worker, seconds.
            wishes: What else is said to Dask of every task.
        """
        self._client, self._timeout_s = client, timeout_s
        self._wishes = {"retries": RETRIES, **wishes, "pure": False}
        self._waiting: set[Any] = set()
        self._deserted = ""
        self._max_workers = max(1, self._count())
        self._stop = threading.Event()
        self._counting = threading.Thread(target=self._watch, daemon=True, name="count workers")
        self._counting.start()

    def submit(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Let it be done by one of them."""
        task = self._client.submit(work, *args, **kwargs, **self._wishes)
        return asyncio.run_coroutine_threadsafe(self._result(task), self._client.loop.asyncio_loop)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop counting; the cluster goes on."""
        del wait, cancel_futures
        self._stop.set()
        self._counting.join()

    async def _result(self, task: Any) -> Any:  # noqa: ANN401  # a distributed.Future
        """What a task gives; one that nobody wants any longer is taken back."""
        asked = asyncio.ensure_future(self._client.gather([task], asynchronous=True))
        self._waiting.add(task)
        try:
            if self._deserted:  # the others were taken back without it
                await self._client.cancel([task], asynchronous=True)
            (result,) = await asyncio.shield(asked)
        except (asyncio.CancelledError, CancelledError):
            await self._client.cancel([task], asynchronous=True)
            with suppress(asyncio.CancelledError, CancelledError):
                await asked
            if self._deserted:
                raise WorkerError(self._deserted) from None
            raise
        finally:
            self._waiting.discard(task)
        return result

    def _watch(self) -> None:
        seen, told = time.monotonic(), False
        while not self._stop.wait(COUNT_EVERY_S):
            try:
                count = self._count()
            except (OSError, RuntimeError):  # whoever waits for a task is told
                return
            now = time.monotonic()
            if count:
                self._max_workers, seen, told = count, now, False
                continue
            if not told:
                told = True
                _log.warning(
                    "no worker of the cluster is left; waiting for one, %g s at most",
                    self._timeout_s,
                )
            if now - seen > self._timeout_s:
                self._give_up()
                return

    def _give_up(self) -> None:
        self._deserted = (
            f"all workers of the cluster are gone, and for {self._timeout_s:g} s none has come; start some, or wait longer "
            f"with --cluster-timeout; {GO_ON}"
        )
        self._client.cancel(list(self._waiting))

    def _count(self) -> int:
        return sum(map(int, self._client.nthreads().values()))


def in_place_of(executor: Any, timeout_s: float) -> DaskExecutor:  # noqa: ANN401
    """The client of an executor that Dask made, as one of ours.

    Args:
        executor: What ``client.get_executor()`` gave.
        timeout_s: How long there may be no worker, seconds.

    Raises:
        UsageError: That is no time.
    """
    _require_time(timeout_s)
    return DaskExecutor(executor._client, timeout_s, **executor._kwargs)  # noqa: SLF001


@contextmanager
def cluster_executor(cluster: str | os.PathLike[str], timeout_s: float) -> Iterator[Executor]:
    """Connect to a cluster while the block lasts.

    Args:
        cluster: The address of its scheduler, such as "tcp://host:8786", or the path of its JSON file.
        timeout_s: How long to wait for a first worker, and for another once all are gone, seconds.

    Raises:
        MissingDependencyError: Dask is not installed.
        UsageError: It is neither.
        WorkerError: There is no such scheduler, or no worker comes.
    """
    require("distributed", "a cluster (--cluster)", "dask")
    _require_time(timeout_s)
    name = os.fspath(cluster)
    with _client(name, timeout_s) as client:
        _wait_for_workers(client, name, timeout_s)
        with DaskExecutor(client, timeout_s) as executor:
            yield executor


def _require_time(timeout_s: float) -> None:
    if not timeout_s > 0:
        raise UsageError(
            f"--cluster-timeout (cluster_timeout_s): give seconds, more than 0; got {timeout_s:g}"
        )


@contextmanager
def _client(name: str, timeout_s: float) -> Iterator[Any]:
    import distributed

    where, wait_s = _where(name), min(timeout_s, CONNECT_S)
    if _address(where).startswith("tls://"):
        _require_keys(name)
    try:
        connect: Any = distributed.Client
        client = connect(**where, timeout=wait_s, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).strip().splitlines()
        raise WorkerError(
            f"no scheduler answers at {name} ({reason[0] if reason else type(error).__name__}); check the "
            "address, that it runs, and that Dask is of the same version there"
        ) from error
    try:
        yield client
    finally:
        client.close(timeout=wait_s)


def _where(name: str) -> dict[str, str]:
    if "://" in name:
        return {"address": name}
    path = Path(name)
    if not path.is_file():
        raise UsageError(
            f"--cluster (cluster): {name!r} is neither an address, such as tcp://host:8786, nor a "
            "scheduler's file (dask scheduler --scheduler-file)"
        )
    return {"scheduler_file": str(path)}


def _address(where: dict[str, str]) -> str:
    """The scheduler's; empty where its file does not say: connecting tells what is wrong with it."""
    if "address" in where:
        return where["address"]
    with suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads(Path(where["scheduler_file"]).read_text(encoding="utf-8"))
        return str(told["address"])
    return ""


def _require_keys(name: str) -> None:
    """Refuse a connection by TLS that Dask has no keys for.

    Raises:
        UsageError: naming the settings.
    """
    import distributed

    reason = "none are set"
    try:
        security: Any = distributed.Security
        if security().get_connection_args("client").get("ssl_context") is not None:
            return
    except (OSError, ValueError) as error:
        reason = str(error)
    raise UsageError(
        f"--cluster (cluster): {name} speaks TLS, which needs the files of Dask's own settings "
        f"distributed.comm.tls.ca-file, client.cert and client.key ({reason})"
    )


def _wait_for_workers(client: Any, name: str, timeout_s: float) -> None:  # noqa: ANN401
    from distributed import TimeoutError as DaskTimeoutError

    if client.nthreads():
        return
    _log.warning("%s has no workers yet; waiting for one, %g s at most", name, timeout_s)
    try:
        client.wait_for_workers(1, timeout=timeout_s)
    except (DaskTimeoutError, TimeoutError) as error:
        raise WorkerError(
            f"{name} has had no worker for {timeout_s:g} s; start some, or wait longer with "
            "--cluster-timeout"
        ) from error
