"""The study's release as part of a grid: what its files are called, and the cells that are made of them."""
