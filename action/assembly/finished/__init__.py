"""The finished image, read again: what its root carries, and why something placed is not in it."""
