"""Series over the dialogue: one value with a band per place."""
