"""The registry directory and OCI layouts on disk; knows no network."""
