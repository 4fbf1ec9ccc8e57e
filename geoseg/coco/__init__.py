"""COCO JSON, the format of labelling and training tools: buildings to COCO and back."""

from geoseg.coco.read import import_coco
from geoseg.coco.write import export_coco

__all__ = ["export_coco", "import_coco"]
