"""The install plan: the shell that an image will run, read down to its helm and kubectl commands."""
