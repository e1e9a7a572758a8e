"""The picture of a plan: what of the grid is there, a tile for each model and persona."""
