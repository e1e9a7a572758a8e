"""The plan: which cells are missing and why, how they are cut into batches, the frozen plan."""
