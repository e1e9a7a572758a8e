"""Why a cell is missing, in words."""
