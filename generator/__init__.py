"""Reads the applications tree and emits the workflows that build it."""
