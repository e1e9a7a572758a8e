"""What the pages of the viewer read: a database over the results, and what is looked up in it."""
