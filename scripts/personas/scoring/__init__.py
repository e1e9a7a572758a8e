"""From cells to rows: ratings, token patterns, samples for people to rate."""
