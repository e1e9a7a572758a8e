"""What an endpoint may be asked in a minute, and for how much money."""
