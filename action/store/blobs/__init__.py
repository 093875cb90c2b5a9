"""Blobs on disk: staged, hashed, checked, made durable, shared by a cache."""
