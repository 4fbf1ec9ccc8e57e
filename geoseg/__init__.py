"""geoseg: orthophotos to buildings."""
