"""A study in one file: `personas pack` and `personas unpack`."""
