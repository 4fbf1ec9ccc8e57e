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
    """Bytes of the answers to GDAL, without headers."""
    gdal_requests: int
    """Requests of any kind, those that failed or looked for a file's size included; 0 where GDAL does
    not count."""
    own_requests: int
    """Those that geoseg made beside it."""

    @classmethod
    def so_far(cls) -> Self:
        """Since the process began, or GDAL began to count."""
        methods = (network_statistics() or {}).get("methods", {}).values()
        return cls(
            sum(int(method.get("downloaded_bytes", 0)) for method in methods),
            sum(int(method.get("count", 0)) for method in methods),
            _own_requests,
        )

    @property
    def requests(self) -> int:
        """All of them."""
        return self.gdal_requests + self.own_requests

    def plus(self, other: Traffic) -> Traffic:
        """Both together."""
        return Traffic(
            self.bytes_read + other.bytes_read,
            self.gdal_requests + other.gdal_requests,
            self.own_requests + other.own_requests,
        )

    def since(self, before: Traffic) -> Traffic:
        """What was added."""
        # GDAL's count is begun anew where it was not told to count before.
        new = self.gdal_requests < before.gdal_requests
        return Traffic(
            self.bytes_read - (0 if new else before.bytes_read),
            self.gdal_requests - (0 if new else before.gdal_requests),
            self.own_requests - before.own_requests,
        )


def count_own_request() -> None:
    """Add a request that GDAL knows nothing of."""
    global _own_requests  # noqa: PLW0603  # as GDAL's count: one for the process
    with _lock:
        _own_requests += 1
