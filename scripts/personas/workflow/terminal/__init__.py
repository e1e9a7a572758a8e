"""What people read on a terminal: plan, status, summary."""
