"""Ratings of a study that never was: drawn with known effects, so that what statistics find can be compared."""
