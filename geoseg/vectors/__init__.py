"""Reading polygon layers of any format, once, for everybody."""
