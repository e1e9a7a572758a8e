"""Figures that put all measures together: the overview, and one model over the dialogue."""
