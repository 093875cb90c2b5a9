"""Which Helm engine renders the charts."""

from __future__ import annotations

import importlib.util

from action.discovery.helm.binary import BinaryEngine
from action.discovery.helm.engine import HelmEngine
from action.discovery.helm.library import LibraryEngine
from action.environment import tools
from action.errors import InputError, Problem

__all__ = ["BinaryEngine", "HelmEngine", "LibraryEngine", "choose_engine"]


def choose_engine() -> HelmEngine:
    """The ``helm`` program when it is on PATH, else the SDK when it is installed; raises InputError ``no-helm``."""
    program = tools.find("helm")
    if program is not None:
        return BinaryEngine(program)
    if importlib.util.find_spec("helm_python") is not None:
        return LibraryEngine()
    raise InputError(
        Problem(
            "no-helm",
            "charts cannot be rendered: there is no helm program on PATH, and no helm-python-sdk package",
            "install helm (https://helm.sh/docs/intro/install/), or: pip install helm-python-sdk",
        )
    )
