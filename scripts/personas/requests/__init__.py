"""What a cell asks: the requests of dialogues, items and judgements, and the journal of their answers."""
