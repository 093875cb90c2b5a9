"""What the attacks are tried on."""

from __future__ import annotations

from tests.action.conftest import stage

__all__ = ["stage"]
