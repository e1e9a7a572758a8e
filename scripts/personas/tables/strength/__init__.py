"""How strong a persona is without a judge, over the dialogue."""
