"""Training: packed scenes, crops, targets, losses, and the run that ends with a model file.

Nothing here but :mod:`geoseg.labelled.collection` needs a GIS library, so a packed data set trains on any
machine with torch, segmentation_models_pytorch, albumentations and lightning.
"""
