"""Weights as engines take them: converted, or found in the cache of the hub."""
