"""The errors that only the action raises; the family itself lives in generator.errors."""

from __future__ import annotations

from generator.errors import ClusterImageError, InputError, Problem, UsageError, run

__all__ = ["ClusterImageError", "InputError", "Problem", "RegistryError", "ToolError", "UsageError", "run"]


class RegistryError(ClusterImageError):
    """A registry refused, or could not be reached, after every retry that made sense.

    ``status`` is the HTTP status (None when no response came) and ``registry_code`` the error code of the OCI
    distribution specification (such as ``MANIFEST_UNKNOWN``), so that callers decide without reading messages.
    """

    def __init__(self, problem: Problem, *, status: int | None = None, registry_code: str | None = None) -> None:
        super().__init__(problem)
        self.status = status
        self.registry_code = registry_code


class ToolError(ClusterImageError):
    """A program that we run (init.sh, helm, buildah) failed; its last lines are in the message."""
