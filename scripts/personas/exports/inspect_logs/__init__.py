"""Logs of Inspect (inspect_ai), which is an extra: nothing but `formats.inspect` imports this package."""
