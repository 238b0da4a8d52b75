"""The work behind the screen: what to render, from what, and how it is kept. Knows no widget."""
