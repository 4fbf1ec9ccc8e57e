"""A Dask cluster as an executor: whatever started its workers, they look at tiles and finish clusters."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from geoseg.errors import UsageError, WorkerError
from geoseg.models.extras import require

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
    """A client's own executor, which says how many workers there are."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401  # a distributed.Client
        self._client = client
        self._inner = client.get_executor(pure=False, retries=RETRIES)
        self._max_workers = self._count()
        self._stop = threading.Event()
        self._counting = threading.Thread(target=self._watch, daemon=True, name="count workers")
        self._counting.start()

    def submit(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Let it be done by one of them."""
        future: Future[R] = self._inner.submit(work, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop counting; the cluster goes on."""
        del wait, cancel_futures
        self._stop.set()
        self._counting.join()

    def _watch(self) -> None:
        while not self._stop.wait(COUNT_EVERY_S):
            try:
                self._max_workers = self._count()
            except (OSError, RuntimeError):  # whoever waits for a task is told
                return

    def _count(self) -> int:
        return max(1, sum(map(int, self._client.nthreads().values())))


@contextmanager
def cluster_executor(cluster: str | os.PathLike[str], timeout_s: float) -> Iterator[Executor]:
    """Connect to a cluster while the block lasts.

    Args:
        cluster: The address of its scheduler, such as "tcp://host:8786", or the path of its JSON file.
        timeout_s: How long to wait for a first worker, seconds.

    Raises:
        MissingDependencyError: Dask is not installed.
        UsageError: It is neither.
        WorkerError: There is no such scheduler, or no worker comes.
    """
    require("distributed", "a cluster (--cluster)", "dask")
    if not timeout_s > 0:
        raise UsageError(
            f"--cluster-timeout (cluster_timeout_s): give seconds, more than 0; got {timeout_s:g}"
        )
    name = os.fspath(cluster)
    with _client(name, timeout_s) as client:
        _wait_for_workers(client, name, timeout_s)
        executor = DaskExecutor(client)
        try:
            yield executor
        finally:
            executor.shutdown()


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
