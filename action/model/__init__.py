"""Values that many rooms share."""
