"""Random valid configs on a fake server: run, edited, reverted, killed. `python -m tests.fuzz` (docs/testing.md)."""
