"""Figures of what tells a persona without a judge, and of what remains of it."""
