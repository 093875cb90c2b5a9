"""The container images that workflows and builders run, each by the digest of its release."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from generator.settings import yaml_file

PINS = Path(__file__).parent.parent / "pins.yaml"


@cache
def _pins() -> dict[str, dict[str, str]]:
    data = yaml_file.load(PINS, "generator/pins.yaml").data
    return {name: dict(pin) for name, pin in data.items() if "digest" in pin}


def image_pin(name: str) -> str:
    """The image by version and digest: builders take the digest, people read the version."""
    pin = _pins()[name]
    return f"{name}:{pin['version']}@{pin['digest']}"


def commented_pin(name: str) -> str:
    """The same where a comment may follow."""
    pin = _pins()[name]
    return f"{name}@{pin['digest']} # {pin['version']}"
