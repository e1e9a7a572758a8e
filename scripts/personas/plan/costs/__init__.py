"""What missing cells cost: requests, tokens, time, money, and which of it the journal already has."""
