"""Assembles an image from a build context, natively or with a builder, and makes the index."""
