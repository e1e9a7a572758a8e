"""Sections of the config about what is made of answers: patterns, calibration, statistics, comparisons, figures."""
