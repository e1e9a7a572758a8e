"""One module a kind of page: what it shows, read from the corpus."""
