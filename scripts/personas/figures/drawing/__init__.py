"""What all figures share: style, panels, axes, sheets."""
