"""Generation: dialogues, and benchmark items asked in the middle of them, in batches with one engine each."""
