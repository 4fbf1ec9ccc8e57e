"""Offline HTML pages: the frame, the style and the parts that all of them share."""
