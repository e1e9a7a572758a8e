"""Tables, figures and pages of a grid, each with an identity of its own."""
