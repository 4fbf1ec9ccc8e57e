"""What reading COCO counts, in words."""

from __future__ import annotations

FINDINGS = {
    "images_renamed": "images found under another name (case, extension, or what a tool added)",
    "images_twice": "images listed twice with one id: read once",
    "ids_repeated": "annotations whose id another one has: kept",
    "strays": "annotations of images that the labels do not list: left out",
    "crowds": "marked as crowds (iscrowd): many buildings in one shape, so no building; their "
    "ground is unknown. supervision marks houses with courtyards or in two parts so; where they are single houses set "
    "iscrowd to 0",
    "boxes": "with a box alone: no outline, so no building; their ground is unknown",
    "written_otherwise": "outlines written as a flat list or as pairs of numbers: read",
    "rings_inside": "parts that lie inside another part: filled, as COCO has no courtyards in "
    "polygons; if they are courtyards, write masks (RLE)",
    "outside": "outside the raster: dropped",
    "cut": "reach beyond their image: cut off at its border",
    "no_score": "scores that are no numbers: left empty",
    "no_class": "without a known category: taken as one of its own",
    "empty": "without a geometry: dropped",
    "invalid": "invalid: repaired",
}
"""What is counted, with what became of it."""
