"""What Snakemake 9 does not do yet: each patch says what it mends, and is tried against Snakemake's own class."""
