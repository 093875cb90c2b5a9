"""Assembles an image from a build context, natively or with an engine, and makes the index."""
