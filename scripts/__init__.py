"""How a persona holds up over a long conversation: the Python of the workflow, one sub-package per stage."""
