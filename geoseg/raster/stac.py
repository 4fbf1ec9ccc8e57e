"""STAC items: which of their assets is the picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from geoseg.addresses.secrets import without_secrets
from geoseg.addresses.urls import http_address, is_local
from geoseg.errors import UnreachableRasterError, UnreadableRasterError
from geoseg.files.parse import parse_json
from geoseg.raster.remote import ServerError, fetch

SUFFIXES = (".json", ".geojson")
PICTURES = ("visual", "image")
"""Keys and roles of an asset that is a picture in red, green and blue, the better first."""


def picture_of(name: str) -> str:
    """The address of the picture of the STAC item that ``name`` is; any other name as it is.

    Raises:
        UnreadableRasterError: The item cannot be read, or has no picture.
        UnreachableRasterError: Its server does not give it.
    """
    if not without_secrets(name).lower().endswith(SUFFIXES):
        return name
    try:
        item = parse_json(_text(name))
    except ServerError as error:
        raise UnreachableRasterError(
            f"{without_secrets(name)} cannot be read as a STAC item: {error}; check the address, which "
            "may have expired if it is signed, and the network"
        ) from None
    except (OSError, ValueError) as error:
        raise UnreadableRasterError(
            f"{without_secrets(name)} cannot be read as a STAC item ({error}); check the address"
        ) from None
    if not (isinstance(item, dict) and "stac_version" in item and "assets" in item):
        return name
    asset = _picture(item["assets"])
    if asset is None:
        known = ", ".join(item["assets"]) or "none"
        raise UnreadableRasterError(
            f"{without_secrets(name)}: no asset of this STAC item is called, or has the role, "
            f"{' or '.join(PICTURES)}; give the address of one of its assets ({known})"
        )
    return _joined(name, str(asset["href"]))


def _text(name: str) -> str:
    address = http_address(name)
    if address is None:
        return Path(name).read_text(encoding="utf-8")
    return fetch(address).decode("utf-8")


def _picture(assets: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for wanted in PICTURES:
        for key, asset in assets.items():
            if "href" in asset and (key == wanted or wanted in asset.get("roles", ())):
                return dict(asset)
    return None


def _joined(name: str, href: str) -> str:
    """The address of an asset, which may be relative to that of its item."""
    if not is_local(href) or Path(href).is_absolute():
        return href
    address = http_address(name)
    return urljoin(address, href) if address else str(Path(name).parent / href)
