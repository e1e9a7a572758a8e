"""What knows nothing of personas: errors, whole files, locks and leases, canonical JSON, processes, SLURM."""
