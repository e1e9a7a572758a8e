"""One job with one engine: lease, journal, engine, progress, cells."""
