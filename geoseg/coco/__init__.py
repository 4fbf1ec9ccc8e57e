"""COCO JSON, the format of labelling and training tools: buildings to COCO and back."""

from geoseg.coco.read import from_coco
from geoseg.coco.write import to_coco

__all__ = ["from_coco", "to_coco"]
