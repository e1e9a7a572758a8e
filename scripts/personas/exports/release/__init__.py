"""The study's released files: cells and tables made of them, and our cells in their form."""
