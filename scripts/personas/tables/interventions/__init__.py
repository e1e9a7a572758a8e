"""What interventions do to what is measured, and what they cost."""
