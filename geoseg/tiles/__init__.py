"""How a grid is cut into tiles, read and looked at."""
