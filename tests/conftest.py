"""Guards that make accidents loud: no traffic beyond loopback, no credential or runner variable of the machine."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

_SOAK = "soak"
_SECONDS_WITH = {"act": 600, "podman": 600}
"""Of one test, the set-up of its session included, that runs whole workflows or gives every image to its consumers."""


def pytest_configure(config: pytest.Config) -> None:
    """The same generated examples in every run, but for the long runs, which are to find new ones; none is timed."""
    settings.register_profile("steady", derandomize=True, deadline=None)
    settings.register_profile("new", deadline=None)
    settings.load_profile("new" if _SOAK in str(config.getoption("-m")) else "steady")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Longer limits for what takes longer, none for the long runs; these only when they are asked for by name."""
    for item in items:
        tools = [tool for marker in item.iter_markers("real") for tool in marker.args]
        limit = 0 if item.get_closest_marker(_SOAK) else max((_SECONDS_WITH.get(tool, 0) for tool in tools), default=0)
        if limit or item.get_closest_marker(_SOAK):
            item.add_marker(pytest.mark.timeout(limit))
    if _SOAK in str(config.getoption("-m")):
        return
    soak = [item for item in items if item.get_closest_marker(_SOAK)]
    items[:] = [item for item in items if item not in soak]
    config.hook.pytest_deselected(items=soak)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A missing program is said by name; in CI it is a failure, never a silent pass."""
    for marker in item.iter_markers("real"):
        for tool in marker.args:
            if shutil.which(tool) is None:
                message = f"the program {tool} is missing; see tests/install-tools"
                pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to any other machine fails the test that tries it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a runner or a person has set must not decide a test."""
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "IMAGEBUILD_", "RUNNER_")) or name in {"DOCKER_CONFIG", "REGISTRY_AUTH_FILE"}:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    yield


@pytest.fixture
def repository() -> Path:
    """The root of this repository."""
    return Path(__file__).resolve().parent.parent


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
