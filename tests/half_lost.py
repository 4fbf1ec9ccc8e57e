"""A VRT of two files one of which is gone: GDAL fails once over it, and then reads zeros."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import rasterio

BAND = "<VRTRasterBand dataType='{kind}' band='{band}'>{sources}</VRTRasterBand>"
SOURCE = (
    "<SimpleSource><SourceFilename relativeToVRT='1'>{file}</SourceFilename><SourceBand>{band}</SourceBand>"
    "<SrcRect xOff='{left}' yOff='0' xSize='{width}' ySize='{height}'/>"
    "<DstRect xOff='{left}' yOff='0' xSize='{width}' ySize='{height}'/></SimpleSource>"
)


def without_right_half(path: Path) -> Path:
    """A VRT beside a raster that shows its left half, and has the right one of a file that is not there."""
    with rasterio.open(path) as raster:
        half, place = raster.width // 2, raster.transform.to_gdal()
        kinds = zip(raster.indexes, raster.dtypes, strict=True)
        bands = [
            BAND.format(
                kind={"uint8": "Byte", "float32": "Float32"}[kind],
                band=band,
                sources="".join(
                    SOURCE.format(file=file, band=band, left=left, width=half, height=raster.height)
                    for file, left in ((path.name, 0), ("gone.tif", half))
                ),
            )
            for band, kind in kinds
        ]
        text = (
            f"<VRTDataset rasterXSize='{raster.width}' rasterYSize='{raster.height}'>"
            f"<SRS>{escape(raster.crs.to_wkt())}</SRS>"
            f"<GeoTransform>{', '.join(map(repr, place))}</GeoTransform>{''.join(bands)}</VRTDataset>"
        )
    vrt = path.with_suffix(".vrt")
    vrt.write_text(text)
    return vrt
