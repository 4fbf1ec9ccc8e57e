"""Reading polygon layers, once, for everybody."""
