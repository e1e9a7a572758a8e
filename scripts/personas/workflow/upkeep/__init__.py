"""Upkeep of a results folder: forget cells so that they are made again, collect what no grid needs."""
