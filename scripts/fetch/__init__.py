"""What a run needs from the internet, fetched before it: weights of models from their hub."""
