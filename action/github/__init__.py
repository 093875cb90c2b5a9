"""GitHub: REST calls, the runner's files, event payloads."""
