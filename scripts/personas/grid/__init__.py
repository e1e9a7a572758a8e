"""The grid: every cell of model x persona x condition (x benchmark), each with an identity."""
