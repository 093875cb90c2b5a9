"""Decides about an event: what may be built, what waits for approval, and the plan that follows."""
