"""The matrix: which builds there are, and which a change touches."""
