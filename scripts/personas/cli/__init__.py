"""The command `personas`."""
