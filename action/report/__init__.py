"""Tells people what was decided and built: comments, job summaries, tables."""
