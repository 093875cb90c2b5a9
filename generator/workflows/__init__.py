"""The emitted workflows: rendered and written."""
