"""The shell of an install plan, followed without running it: statements, redirections, programs."""
