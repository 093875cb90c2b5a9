"""What is reported on a terminal."""
