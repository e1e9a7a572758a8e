"""Between Snakemake and the library: what the Snakefile calls, the life of a run, SLURM's jobs."""
