"""The registry directory in the layout of distribution: written, read, verified."""
