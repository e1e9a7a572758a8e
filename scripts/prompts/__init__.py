"""What models write and read, whichever stage it is: nothing here knows of cells, judges or files."""
