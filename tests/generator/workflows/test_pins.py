"""The pinned actions: one table, one real workflow that Dependabot moves, and the way from that to the table."""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

import pytest

from generator.cli import pins as verb
from generator.settings.settings import Pin, Settings
from generator.workflows import render
from tests.generator.test_command_line import generator


def test_the_real_workflow_uses_every_pin(repository: Path) -> None:
    text = (repository / ".github/workflows/ci.yml").read_text()
    used = {match[1]: Pin(match[3], match[2]) for match in re.finditer(r"uses: (\S+)@([0-9a-f]{40}) # (v\S+)", text)}
    pinned = render.pins(Settings())
    optional = {"actions/attest", "docker/setup-qemu-action"}
    assert used == {name: pin for name, pin in pinned.items() if name not in optional}, "python -m generator pins"


def test_what_dependabot_moved_is_carried_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "pins.yaml"
    shutil.copy(render.PINS, table)
    monkeypatch.setattr(render, "PINS", table)
    monkeypatch.setattr(verb, "PINS", table)
    (tmp_path / "ci.yml").write_text(
        f"      - uses: actions/checkout@{'a' * 40} # v8.0.0\n      - uses: other/action@{'b' * 40} # v1\n"
    )
    before = table.read_text()
    old = render.pins(Settings())["actions/checkout"]
    arguments = argparse.Namespace(root=tmp_path, source="ci.yml")
    assert verb.handle(arguments) == 0
    assert capsys.readouterr().out == f"actions/checkout v8.0.0 {'a' * 40}\n"
    assert table.read_text() == before.replace(old.version, "v8.0.0", 1).replace(old.commit, "a" * 40)
    verb.handle(arguments)
    assert capsys.readouterr().out == ""


def test_a_missing_workflow_is_explained(tmp_path: Path) -> None:
    done = generator("pins", "--root", str(tmp_path))
    assert done.returncode == 1
    assert "ci.yml: cannot be read" in done.stderr
