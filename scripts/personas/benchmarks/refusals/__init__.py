"""Refusals found by rules: phrases, objections and signs as data, and how far the rules agree with people."""
