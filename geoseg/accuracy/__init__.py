"""How good a layer of buildings is, measured against buildings drawn by hand."""
