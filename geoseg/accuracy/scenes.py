"""Packed scenes to sites: the model runs as users run it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import shapes

from geoseg.accuracy.photos import ScenePhoto
from geoseg.accuracy.site import Site
from geoseg.errors import DatasetError
from geoseg.scenes.scene import SPLITS, Scene, files_of_split, load_scene, scene_files

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.models.protocols import DenseModel, InstanceModel

PLANE = CRS.from_dict({"proj": "tmerc", "lat_0": 0, "lon_0": 0, "datum": "WGS84", "units": "m"})
"""Where scenes are laid to be predicted: a pixel there is as large as on the ground."""
"""Which scenes of a data set to score."""


def sites_of_scenes(
    model: DenseModel | InstanceModel, paths: Sequence[Path], tta: bool | None
) -> Iterator[Site]:
    """Predict scene after scene, ``tta`` as ``predict`` takes it, and hold each against its labels."""
    for path in paths:
        yield _site(model, load_scene(path), path, tta)


def scored_files(folder: Path, split: str) -> list[Path]:
    """The files of one split, or of "all", sorted by name.

    Raises:
        UsageError: there is no such split.
        DatasetError: it holds none.
    """
    chosen = files_of_split(folder, split)
    if not chosen:
        raise DatasetError(
            f"{folder} holds {len(scene_files(folder))} scenes, but none of the split {split!r}; choose "
            f"another with --split: {', '.join(SPLITS)}"
        )
    return chosen


def _site(model: DenseModel | InstanceModel, scene: Scene, path: Path, tta: bool | None) -> Site:
    height, width = scene.labels.shape
    found = _predict(model, scene, tta)
    unknown = _outlines(scene.ignore.astype(np.int32), scene.gsd_m)
    return Site(
        name=scene.name,
        place=scene.place,
        predicted=np.array(found.geometry.array, dtype=object),
        truth=_outlines(scene.labels.astype(np.int32), scene.gsd_m),
        confidence=found["confidence"].to_numpy(dtype=np.float64),
        presence=found["presence"].to_numpy(dtype=np.float64),
        gsd_m=scene.gsd_m,
        area=shapely.box(0, -height * scene.gsd_m, width * scene.gsd_m, 0),
        ignored=unknown[0] if len(unknown) else None,
        blobs=scene.blobs,
        traced=True,
        photo=ScenePhoto(path),
    )


def _predict(model: DenseModel | InstanceModel, scene: Scene, tta: bool | None) -> gpd.GeoDataFrame:
    """What ``geoseg predict`` finds in the scene's image, laid on the plane."""
    from geoseg.run.predicting import predict

    height, width = scene.labels.shape
    with tempfile.TemporaryDirectory(prefix="geoseg-") as folder:
        path = Path(folder) / f"{scene.name}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", dtype="uint8", count=3, height=height, width=width,
            crs=PLANE.to_wkt(), transform=_transform(scene.gsd_m), photometric="rgb",
        ) as target:  # fmt: skip
            target.write(np.moveaxis(scene.image, 2, 0))
        return predict(path, model=model, tta=tta)


def _outlines(labels: NDArray[np.int32], gsd_m: float) -> NDArray[np.object_]:
    """One polygon or multipolygon per label, along pixel edges."""
    pieces, owner = [], []
    for outline, label in shapes(labels, mask=labels > 0, transform=_transform(gsd_m)):
        rings = outline["coordinates"]
        pieces.append(shapely.Polygon(rings[0], rings[1:]))
        owner.append(int(label))
    if not pieces:
        return np.empty(0, dtype=object)
    order = np.argsort(owner, kind="stable")
    numbers = np.unique(owner, return_inverse=True)[1][order]
    parts = np.array(pieces, dtype=object)[order]
    return np.asarray(shapely.multipolygons(parts, indices=numbers), dtype=object)


def _transform(gsd_m: float) -> Affine:
    return Affine(gsd_m, 0, 0, 0, -gsd_m, 0)
