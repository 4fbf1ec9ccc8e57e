"""STAC items: which of their assets is the picture, and when it was taken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from geoseg.addresses.secrets import without_secrets
from geoseg.addresses.urls import http_address, is_local
from geoseg.errors import UnreachableRasterError, UnreadableRasterError
from geoseg.files.parse import parse_json
from geoseg.raster.dates import LONGEST
from geoseg.raster.remote import ServerError, fetch

SUFFIXES = (".json", ".geojson")
PICTURES = ("visual", "image")
"""Keys and roles of an asset that is a picture in red, green and blue, the better first."""

ENDS = ("start_datetime", "end_datetime")
"""Properties that say when an item was taken where ``datetime`` is null."""
DAY_LENGTH = len("2024-05-17")

_stated: dict[str, dict[str, str]] = {}
"""Address of a picture to what its item says of its date."""


def picture_of(name: str) -> str:
    """The address of the picture of the STAC item that ``name`` is; any other name as it is.

    :func:`item_dates` of that address then knows what the item says of its date.

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
    address = _joined(name, str(asset["href"]))
    _stated[address] = _dates(item)
    return address


def item_dates(address: str) -> dict[str, str]:
    """When the STAC item of a picture says that it was taken, by key; empty where no item named it.

    A beginning and an end count where they are of one day.
    """
    return dict(_stated.get(address, {}))


def _dates(item: Mapping[str, Any]) -> dict[str, str]:
    properties = item.get("properties")
    stated = properties if isinstance(properties, dict) else {}
    moment = stated.get("datetime")
    ends = [str(stated.get(key)) for key in ENDS]
    if moment is None and ends[0][:DAY_LENGTH] == ends[1][:DAY_LENGTH]:
        moment = stated.get(ENDS[0])
    return {"STAC.datetime": moment[:LONGEST]} if isinstance(moment, str) else {}


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
