"""Our numbers beside others."""
