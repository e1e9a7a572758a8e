"""The figures of a study, one family a module."""
