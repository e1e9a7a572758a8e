"""Character cards as chat front ends exchange them, read into personas; docs/cards.md says how."""
