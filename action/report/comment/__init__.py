"""What is reported on an issue or pull request."""
