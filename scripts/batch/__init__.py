"""One batch: a job with one engine. What generation and judging share: lease, journal, engine, progress, cells."""
