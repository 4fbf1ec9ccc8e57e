"""A WMS and a WMTS of red houses in Web Mercator, in a process of its own; prints its port.

The same ground by both: houses of 20 m every 80 m. What lies under /shut/ it gives to nobody. GDAL holds Python's lock while it waits for a server,
so a thread of the test would not do.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import rasterio
from rasterio.io import MemoryFile

HALF, TILE_PX, ZOOMS = 20_037_508.342789244, 256, range(15, 20)
EVERY_M, HOUSE_M = 80.0, 20.0
SCALE_OF_ZOOM_0 = 559_082_264.0287178
"""By the OGC's standard pixel of .28 mm."""


def picture(west: float, south: float, east: float, north: float, size: tuple[int, int]) -> bytes:
    """A PNG of some ground."""
    width, height = size
    x = west + (np.arange(width) + 0.5) * (east - west) / width
    y = north - (np.arange(height) + 0.5) * (north - south) / height
    house = ((y % EVERY_M) < HOUSE_M)[:, None] & ((x % EVERY_M) < HOUSE_M)
    pixels = np.zeros((3, height, width), np.uint8)
    pixels[0, house], pixels[1] = 250, 40
    profile = {"driver": "PNG", "count": 3, "width": width, "height": height, "dtype": "uint8"}
    with MemoryFile() as file:
        with file.open(**profile) as png:
            png.write(pixels)
        return file.read()


def capabilities(address: str) -> str:
    """What the WMTS says of itself."""
    matrices = "".join(
        f"<TileMatrix><ows:Identifier>{zoom}</ows:Identifier>"
        f"<ScaleDenominator>{SCALE_OF_ZOOM_0 / 2**zoom!r}</ScaleDenominator>"
        f"<TopLeftCorner>{-HALF!r} {HALF!r}</TopLeftCorner><TileWidth>256</TileWidth>"
        f"<TileHeight>256</TileHeight><MatrixWidth>{2**zoom}</MatrixWidth>"
        f"<MatrixHeight>{2**zoom}</MatrixHeight></TileMatrix>"
        for zoom in ZOOMS
    )
    return f"""<?xml version="1.0"?><Capabilities xmlns="http://www.opengis.net/wmts/1.0"
xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.0.0">
<Contents><Layer><ows:Title>houses</ows:Title><ows:Identifier>houses</ows:Identifier>
<Style isDefault="true"><ows:Identifier>default</ows:Identifier></Style><Format>image/png</Format>
<TileMatrixSetLink><TileMatrixSet>world</TileMatrixSet></TileMatrixSetLink>
<ResourceURL format="image/png" resourceType="tile"
template="{address}/tile/{{TileMatrix}}/{{TileRow}}/{{TileCol}}"/></Layer>
<TileMatrixSet><ows:Identifier>world</ows:Identifier>
<ows:SupportedCRS>urn:ogc:def:crs:EPSG::3857</ows:SupportedCRS>{matrices}</TileMatrixSet></Contents>
</Capabilities>"""


class Handler(BaseHTTPRequestHandler):
    """Answers both services."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name.lower(): value for name, value in parse_qsl(parts.query)}
        if parts.path.startswith("/shut/"):
            self.send_error(403)
        elif parts.path.startswith("/tile/"):
            zoom, row, col = map(int, parts.path.split("/")[2:5])
            side = 2 * HALF / 2**zoom
            west, north = col * side - HALF, HALF - row * side
            self._send(picture(west, north - side, west + side, north, (TILE_PX, TILE_PX)))
        elif asked.get("request", "").lower() == "getmap":
            west, south, east, north = map(float, asked["bbox"].split(","))
            size = int(asked["width"]), int(asked["height"])
            self._send(picture(west, south, east, north, size))
        else:
            host = f"http://{self.headers['Host']}"
            self._send(capabilities(host).encode(), "text/xml")

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def _send(self, body: bytes, kind: str = "image/png") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    with rasterio.Env(), ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()
