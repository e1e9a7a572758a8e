"""The plan: which cells are missing, how they are cut into batches, and what follows from them."""
