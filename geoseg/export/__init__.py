"""Finished buildings to files: parts of a running job, their merge, one writer per format."""
