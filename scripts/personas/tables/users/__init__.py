"""What became of the users whose turns a model wrote."""
