"""Token patterns over the dialogue."""
