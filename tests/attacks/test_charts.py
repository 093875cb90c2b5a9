"""What a chart tries against the engine that renders it: each engine has limits of its own, and a message."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from action.discovery.helm import binary, library, sdk_process
from action.discovery.helm.choose import BinaryEngine, HelmEngine, LibraryEngine
from action.discovery.helm.engine import Release, RenderError
from action.environment import tools

ENGINES = ["helm", "helm-python-sdk"]
GREEDY = {
    "repeat": '{{ repeat 2000000000 "x" }}',
    "doubling": '{{ $x := "x" }}{{ range until 40 }}{{ $x = cat $x $x }}{{ end }}{{ $x }}',
    "list": "{{ untilStep 0 4000000000 1 | len }}",
    "recursion": '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}',
}


def engine(name: str) -> HelmEngine:
    if name == "helm":
        program = tools.find("helm")
        if program is None:
            pytest.skip("there is no helm program")
        return BinaryEngine(program)
    if importlib.util.find_spec("helm_python") is None:
        pytest.skip("there is no helm-python-sdk")
    return LibraryEngine()


def chart(folder: Path, template: str) -> Path:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {folder.name}\nversion: 1.0.0\n")
    (folder / "templates" / "a.yaml").write_text(f"kind: ConfigMap\ndata:\n  a: {template}\n")
    return folder


@pytest.fixture(autouse=True)
def less(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less memory and time than is allowed, so that the tests need not use it."""
    monkeypatch.setattr(binary, "MEMORY", 2 << 30)
    monkeypatch.setattr(binary, "TIMEOUT", 20)
    monkeypatch.setattr(library, "TIMEOUT", 20)
    code = "from action.discovery.helm import sdk_process; sdk_process.MEMORY = 2 << 30; sdk_process.main()"
    root = Path(__file__).resolve().parents[2]
    start = [sys.executable, "-I", "-c", f"import sys; sys.path.append({str(root)!r}); {code}"]
    monkeypatch.setattr(sdk_process, "installed", lambda _: start)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("greed", GREEDY)
def test_a_template_without_measure_ends_in_a_message_and_another_still_renders(
    tmp_path: Path, name: str, greed: str
) -> None:
    """In this process it ended the whole build with 134, without a result and without a word."""
    renderer = engine(name)
    with pytest.raises(RenderError):
        renderer.render(chart(tmp_path / "greedy", GREEDY[greed]), Release(name="x"))
    (made,) = renderer.render(chart(tmp_path / "modest", "{{ .Release.Name }}"), Release(name="x"))
    assert "a: x" in made.documents[0]


def test_the_sdk_never_runs_where_our_secrets_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEBUILD_PASSWORD", "hunter2")
    renderer = engine("helm-python-sdk")
    (made,) = renderer.render(chart(tmp_path / "web", "{{ .Release.Name }}"), Release(name="x"))
    assert made.sound
    command = ["ps", "-o", "pid=", "--ppid", str(os.getpid())]
    children = subprocess.run(command, capture_output=True, text=True, check=True)
    for pid in children.stdout.split():
        environ = Path("/proc", pid, "environ")
        if environ.exists() and b"helm_worker" in Path("/proc", pid, "cmdline").read_bytes():
            assert b"hunter2" not in environ.read_bytes()
