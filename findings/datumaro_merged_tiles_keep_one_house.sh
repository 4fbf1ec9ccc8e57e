#!/usr/bin/env bash
# datumaro 1.13.12: a photo of twelve houses cut into tiles and merged again has one house left; the others are gone with
# nothing said.
#
# A good engineer guesses that of the transforms "tile" and "merge_tile" the second undoes the first for whatever no edge
# of a tile cuts, as the documentation says ("information may be lost if some annotations are exists on the edge of tiled
# images"), and as is so for polygons and boxes. Masks of instances are merged by label instead: all houses go into one
# mask, each is written with its zeros over those before it, and the last one listed wipes out the rest. As every
# tile has a mask of every house of the photo, mostly an empty one, it is one house of the whole photo that stays. So the
# labels of the same houses come back whole as polygons and as one of twelve as masks. Without the empty masks one house of
# each tile stays, all in one mask. Whoever tiles masks of houses merges them himself, by id.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check datumaro==1.13.12 shapely==2.2.0 numpy==2.2.6
cat > "$folder/look.py" <<'PY'
from importlib.metadata import version

import numpy as np
from datumaro.components.annotation import Mask, Polygon
from datumaro.components.dataset import Dataset
from datumaro.components.dataset_base import DatasetItem
from datumaro.components.media import Image

SIZE = 120  # pixels of 1 m; houses of 10 m x 10 m, none of which touches the edges of tiles at 60
CORNERS = [(x, y) for y in (15, 75, 95) for x in (5, 35, 65, 95)]


def drawn(x, y):
    """Mask of a house."""
    mask = np.zeros((SIZE, SIZE), bool)
    mask[y : y + 10, x : x + 10] = True
    return mask


def photo(annotations):
    """Data set of one photo with the given houses."""
    image = Image.from_numpy(np.zeros((SIZE, SIZE, 3), np.uint8))
    item = DatasetItem(id="photo", subset="train", media=image, annotations=annotations)
    return Dataset.from_iterable([item], categories=["house"], media_type=Image)


def cut(annotations):
    """The same in two by two tiles."""
    return photo(annotations).transform("tile", grid_size=(2, 2), overlap=(0, 0), threshold_drop_ann=0.5)


masks = [Mask(drawn(x, y), label=0, id=k, group=k) for k, (x, y) in enumerate(CORNERS, 1)]
polygons = [
    Polygon([x, y, x + 10, y, x + 10, y + 10, x, y + 10], label=0, id=k, group=k) for k, (x, y) in enumerate(CORNERS, 1)
]
print("datumaro", version("datumaro"))
m2 = {}
for name, given in (("polygons", polygons), ("masks", masks)):
    tiles = [sum(a.get_area() > 0 for a in tile.annotations) for tile in cut(given)]
    (back,) = cut(given).transform("merge_tile")
    m2[name] = [float(a.get_area()) for a in back.annotations]
    print(f"{len(given)} {name} of 100 m2: houses in the tiles {tiles}, merged again {len(m2[name])}, m2: {m2[name]}")
assert sum(tiles) == 12 and m2["polygons"] == [100.0] * 12, m2
assert m2["masks"] == [100.0], m2
(kept,) = back.annotations
assert np.array_equal(kept.image, drawn(*CORNERS[-1]))

without_empty = [tile.wrap(annotations=[a for a in tile.annotations if a.get_area() > 0]) for tile in cut(masks)]
(back,) = Dataset.from_iterable(without_empty, categories=["house"], media_type=Image).transform("merge_tile")
m2["without empty masks"] = [float(a.get_area()) for a in back.annotations]
print(f"12 masks, in the tiles without the empty ones: merged again {len(back.annotations)}, m2: {m2['without empty masks']}")
assert m2["without empty masks"] == [400.0], m2
print("seen: eleven of twelve houses are lost between tiles and photo")
PY
"$folder/env/bin/python" "$folder/look.py"
