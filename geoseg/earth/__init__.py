"""Where things lie on the ellipsoid: sizes, areas, lengths, other CRSs."""
