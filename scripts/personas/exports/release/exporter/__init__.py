"""Cells and tables in the layout of the release."""
