"""Texts drawn for people to rate."""
