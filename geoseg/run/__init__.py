"""One run over a mosaic, composed of the stages."""
