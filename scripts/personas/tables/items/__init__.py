"""What became of single items."""
