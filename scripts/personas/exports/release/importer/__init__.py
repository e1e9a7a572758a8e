"""Released files as cells."""
