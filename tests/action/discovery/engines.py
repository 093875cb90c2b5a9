"""The two Helm engines, for tests that must hold with both."""

from __future__ import annotations

import shutil

import pytest

from action.discovery.helm.choose import BinaryEngine, HelmEngine, LibraryEngine

ENGINES = [pytest.param("library"), pytest.param("binary", marks=pytest.mark.real("helm"))]


def make_engine(name: str) -> HelmEngine:
    return LibraryEngine() if name == "library" else BinaryEngine(shutil.which("helm") or "helm")
