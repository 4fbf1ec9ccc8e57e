"""Labelled imagery of any kind to the one form that training reads: ``geoseg.pack_dataset(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from geoseg.keywords import checked_keywords
from geoseg.settings import Precision, Runtime

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.labelled.checking import Checked
    from geoseg.labelled.pack import Packed
    from geoseg.models.loading import ModelSpec
    from geoseg.progress import Progress
    from geoseg.raster.given import Nodata
    from geoseg.tiles.given import AreaInput


@checked_keywords
def pack_dataset(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    images: str | Path | Sequence[str | Path],
    labels: str | Path | gpd.GeoDataFrame,
    output: str | Path,
    *,
    layer: str | None = None,
    review: bool = False,
    place: str | None = None,
    aoi: AreaInput | None = None,
    aoi_layer: str | None = None,
    ignore: AreaInput | None = None,
    ignore_layer: str | None = None,
    val_share: float = 0.2,
    margin_m: float = 20.0,
    chip_px: int = 1024,
    gsd_m: float | None = None,
    bands: Sequence[int] | None = None,
    stretch: tuple[float, float] | None = None,
    nodata: Nodata | Sequence[Nodata] | None = None,
    keep_blank: bool = False,
    category: str | None = None,
    licence: str = "",
    mask_kind: Literal["auto", "instances", "binary"] = "auto",
    mask_building: Sequence[int | str] | None = None,
    mask_unknown: Sequence[int | str] = (),
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Packed:
    """Pack imagery and labels into a folder of scenes that training reads.

    Args:
        images: A raster, several of one mosaic, or a folder; separate images for COCO, masks and
            YOLO's texts.
        labels: Polygons (a vector file of any format and CRS, or a GeoDataFrame), a COCO file, a
            mask, a folder of masks, or a folder of YOLO's texts, one of them, or a data.yaml.
        output: The folder to write.
        layer: Layer of the labels, where the file has several of polygons.
        review: ``labels`` is a file by ``geoseg review``: the true buildings of its checked plots
            are the labels, and all ground outside is unknown.
        place: Name that scores are reported under; None takes it from the file names.
        aoi: Polygons: only what lies within is labelled. A file, a GeoDataFrame, a geometry or
            bounds, these in the CRS of the rasters.
        aoi_layer: Layer of ``aoi``, where there are several.
        ignore: The same: nobody knows what lies within.
        ignore_layer: Layer of ``ignore``, where there are several.
        val_share: Share of the buildings that is held out, as one contiguous block.
        margin_m: Ground between training and validation that goes to neither.
        chip_px: Longest side of a scene.
        gsd_m: Pixel size in metres: rasters are resampled to it, images without a place are taken
            to have it. None: that of the raster, but not below 0.2 m.
        bands: Numbers of the red, green and blue band, or of one.
        stretch: Numbers that become 0 and 255; None: eight bits as they are, else percentiles.
        nodata: Numbers that are no image, besides what the files declare: one, or several; for all
            bands, or as a tuple for red, green and blue.
        keep_blank: Take large areas of one extreme number as image. Pure black, and pure white
            without labels, stay unknown to training.
        category: Category of COCO or YOLO that means buildings, where there are several.
        licence: Of imagery and labels; training writes it into the model's card.
        mask_kind: "instances": masks hold building numbers; "binary": touching buildings are one
            blob; "auto": what they look like.
        mask_building: Values of masks that mean building, numbers or colours such as "#ff0000"; None:
            all but 0.
        mask_unknown: Values that mean that nobody knows; where masks hold 0, 1 and 255, it is 255.
        overwrite: Replace a data set that is there already.
        progress: Told scene by scene.

    Returns:
        Counts by place and side of the split, and what was found in the labels.

    Raises:
        GeosegError: when an input cannot be used; the message is one sentence.
    """
    from geoseg.labelled.codes import parse_value
    from geoseg.labelled.pack import pack_pairs
    from geoseg.labelled.pairs import make_pair
    from geoseg.labelled.request import PackOptions
    from geoseg.progress import heard
    from geoseg.raster.given import several

    options = PackOptions(
        val_share=val_share, margin_m=margin_m, chip_px=chip_px,
        bands=bands, stretch=stretch, category=category, mask_kind=mask_kind,
        mask_building=None if mask_building is None else tuple(map(parse_value, mask_building)),
        mask_unknown=tuple(map(parse_value, mask_unknown)),
        nodata=several(nodata), keep_blank=keep_blank,
    )  # fmt: skip
    named = [images] if isinstance(images, (str, Path)) else list(images)
    pair = make_pair(
        named,
        labels,
        review=review,
        layer=layer,
        place=place,
        aoi=aoi,
        ignore=ignore,
        aoi_layer=aoi_layer,
        ignore_layer=ignore_layer,
        gsd_m=gsd_m,
        licence=licence,
    )
    with heard(progress) as told:
        return pack_pairs([pair], Path(output), options, overwrite=overwrite, progress=told)


@checked_keywords
def check_dataset(
    folder: str | Path,
    *,
    model: ModelSpec | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    html: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Checked:
    """Look for labels that are shifted, missing or doubtful in a packed data set.

    Args:
        folder: What :func:`pack_dataset` wrote.
        model: Also compare with what this model finds, "default" for the built-in one: labels
            that are missing, labels of which nothing is to be seen.
        device: Where that model runs: "auto", "cpu", "cuda", "cuda:1" or "mps".
        precision: Of its arithmetic: "auto", "fp32", "bf16" or "int8".
        runtime: What runs it: "auto", "torch", "openvino" or "onnxruntime".
        html: A page to write: labels over photos, the worst chips first.
        overwrite: Replace ``html`` if it is there already.
        progress: Told scene by scene.

    Returns:
        Figures per chip and per place.
    """
    from geoseg.files.target import PAGE, check_target
    from geoseg.labelled.checking import check_folder
    from geoseg.labelled.doubts import load_judge
    from geoseg.labelled.page import write_page
    from geoseg.progress import heard

    page = None if html is None else check_target(Path(html), PAGE, overwrite=overwrite)
    judge = (
        None
        if model is None
        else load_judge(model, device=device, precision=precision, runtime=runtime)
    )
    with heard(progress) as told:
        checked = check_folder(Path(folder), judge=judge, progress=told)
    if page is not None:
        write_page(checked, page)
    return checked
