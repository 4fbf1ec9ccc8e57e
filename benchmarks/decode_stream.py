"""How fast the decoder is, and how little it holds, on a raster of any size.

    python benchmarks/decode_stream.py --rows 20000 --width 100000 --density 0.12

One town of random rectangles with soft, noisy edges is repeated over the raster. Prints one JSON
object: megapixels per second of the decoder alone (processor time), peak memory beyond what the
maps of the town and one strip take, and the most that was held at a time.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from geoseg.decode.decoder import Decoder
from geoseg.decode.params import DecodeParams
from geoseg.decode.seeds import MapLabeller
from geoseg.types import MapStrip

HEADS = ("body", "contact", "edge")


def town(height: int, width: int, density: float) -> NDArray[np.uint8]:
    """(3, height, width) maps of buildings that cover about ``density`` of the ground."""
    rng = np.random.default_rng(0)
    roofs = np.zeros((height, width), np.float32)
    while (roofs > 0).mean() < density:
        row, col = rng.integers(0, height), rng.integers(0, width)
        rows, cols = rng.integers(20, 90, 2)
        roofs[row : row + rows, col : col + cols] = 1
    body = ndimage.gaussian_filter(roofs, 2) * 230 + rng.normal(0, 6, roofs.shape)
    body += ndimage.gaussian_filter(rng.normal(0, 300, roofs.shape), 6)
    edge = ndimage.gaussian_filter(np.float32(ndimage.morphological_gradient(roofs, 3) > 0), 1)
    return np.stack([np.clip(body, 0, 255), edge * 60, edge * 200]).astype(np.uint8)


def peak_mb() -> float:
    """Peak resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def decode(maps: NDArray[np.uint8], rows: int, strip_px: int) -> dict[str, float]:
    """Stream the repeated town through a decoder."""
    width = maps.shape[2]
    decoder = Decoder(width, rows, MapLabeller(HEADS, DecodeParams()))
    valid = np.ones((strip_px, width), bool)
    buildings = most_open = most_entries = 0
    seconds = 0.0
    for row in range(0, rows, strip_px):
        count = min(strip_px, rows - row)
        first = row % (maps.shape[1] - strip_px)
        strip = MapStrip(row, maps[:, first : first + count], valid[:count])
        start = time.process_time()
        buildings += sum(len(cluster.instances) for cluster in decoder.push(strip))
        seconds += time.process_time() - start
        most_open = max(most_open, decoder.open_instances)
        most_entries = max(most_entries, decoder.open_entries)
    start = time.process_time()
    buildings += sum(len(cluster.instances) for cluster in decoder.close())
    seconds += time.process_time() - start
    speed = rows * width / 1e6 / seconds
    return {
        "buildings": buildings,
        "mp_per_s": round(speed, 1),
        "most_open_buildings": most_open,
        "most_entries": most_entries,
    }


def main() -> None:
    """Print the figures for one size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=16384)
    parser.add_argument("--width", type=int, default=16384)
    parser.add_argument("--strip", type=int, default=512)
    parser.add_argument("--density", type=float, default=0.12)
    options = parser.parse_args()
    block = town(2048, min(options.width, 4096), options.density)
    maps = np.tile(block, (1, 1, -(-options.width // block.shape[2])))[:, :, : options.width]
    decode(maps[:, :, :256], 512, 256)  # compile
    before = peak_mb()
    figures = decode(maps, options.rows, options.strip)
    share = round(float((maps[0] >= DecodeParams().body_threshold).mean()), 3)
    print(
        json.dumps(
            {
                "rows": options.rows,
                "width": options.width,
                "body_share": share,
                **figures,
                "decoder_mb": round(peak_mb() - before),
            }
        )
    )


if __name__ == "__main__":
    main()
