"""What to draw, and how it is drawn, kept and written down; knows no widget."""
