"""Keeping a tree: starting directories, lint."""
