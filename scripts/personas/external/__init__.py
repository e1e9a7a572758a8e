"""Third-party files and weights: what is published where, checks, downloads."""
