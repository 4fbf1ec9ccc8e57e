"""Names of rasters that are no files of this machine."""

from __future__ import annotations

from urllib.parse import parse_qs


def http_address(path: str) -> str | None:
    """The URL, with its secrets, by which a server is asked for a raster; None for anything else.

    Rasters in buckets (``s3://``) and in archives have none: only GDAL knows how to ask for them.
    """
    if path.startswith("/vsicurl?"):
        path = parse_qs(path.partition("?")[2]).get("url", [""])[0]
    path = path.removeprefix("/vsicurl/")
    return path if path.lower().startswith(("http://", "https://")) else None


def is_local(path: str) -> bool:
    """Whether a name is that of a file, as far as the name tells."""
    return "://" not in path and not path.startswith("/vsi") and ":" not in path[2:]
