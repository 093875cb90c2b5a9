"""What the shell of an image will run, followed without running it: the ground of the install plan."""
