"""Packed scenes: labelled images of places, readable without any GIS library."""
