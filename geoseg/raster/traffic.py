"""How much is read from servers: GDAL's own count, and the requests that geoseg makes beside it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Self

from geoseg.raster.gdal import network_statistics

COUNT = "CPL_VSIL_NETWORK_STATS_ENABLED"
"""GDAL's option to count."""

_lock = threading.Lock()
_own_requests = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """What this process has read from servers; other threads that read with GDAL count as well."""

    bytes_read: int
    """Bytes of the answers, without headers."""
    requests: int
    """Requests of any kind, those that failed or looked for a file's size included."""

    @classmethod
    def so_far(cls) -> Self | None:
        """Since the process began; None where GDAL does not count."""
        methods = (network_statistics() or {}).get("methods", {}).values()
        if not methods:
            return None
        return cls(
            sum(int(method.get("downloaded_bytes", 0)) for method in methods),
            sum(int(method.get("count", 0)) for method in methods) + _own_requests,
        )

    def since(self, before: Traffic | None) -> Traffic:
        """What was added; the count may have been set back meanwhile."""
        if before is None:
            return self
        return Traffic(
            max(self.bytes_read - before.bytes_read, 0), max(self.requests - before.requests, 0)
        )


def count_own_request() -> None:
    """Add a request that GDAL knows nothing of."""
    global _own_requests  # noqa: PLW0603  # as GDAL's count: one for the process
    with _lock:
        _own_requests += 1
