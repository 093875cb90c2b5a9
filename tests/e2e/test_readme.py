"""What the README tells people to write works as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from action.__main__ import main
from action.store.oci.layout import OciLayout
from tests.support.act import checkout


def blocks(repository: Path, language: str) -> list[str]:
    """The fenced blocks of the README in one language."""
    text = (repository / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.real("act")
def test_a_repository_that_only_wants_the_action(repository: Path, tmp_path: Path) -> None:
    """The step of the README, in a repository that has an application and nothing else of ours."""
    published = checkout(tmp_path / "published", "", {}).path
    (step,) = (block for block in blocks(repository, "yaml") if "uses:" in block)
    action = re.search(r"uses: (\S+)/action@(\S+)", step)
    assert action is not None

    user = tmp_path / "user"
    shutil.copytree(published / "applications" / "hello", user / "applications" / "hello")
    workflow = user / ".github" / "workflows" / "build.yml"
    workflow.parent.mkdir(parents=True)
    steps = "".join(f"      {line}\n" for line in step.splitlines())
    workflow.write_text(
        f"on: push\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v7\n{steps}"
        '      - run: cp -r build/hello "$KEEP"\n'
    )
    subprocess.run(["git", "init", "--quiet", str(user)], check=True)
    command = ["act", "push", "--no-cache-server", "--platform", "ubuntu-24.04=-self-hosted"]
    command += ["--env", f"KEEP={tmp_path / 'built'}"]
    command += ["--local-repository", f"{action[1]}@{action[2]}={published}"]
    process = subprocess.run(command, cwd=user, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    layout = OciLayout(tmp_path / "built")
    index = layout.read_manifest(layout.resolve().digest)
    assert [child["platform"]["architecture"] for child in index["manifests"]] == ["amd64", "arm64"]


def test_the_demo_ends_as_shown(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images are reproducible, so that even the digests are the same wherever somebody tries it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")  # as `make demo` does: the commits of a clone are its own
    (shown,) = (block for block in blocks(repository, "") if block.startswith("IMAGE "))
    assert main(["build", "hello", "v1.0.0", "--root", str(repository), "--output", f"oci:{tmp_path / 'demo'}"]) == 0
    lines = shown.rstrip().removesuffix("...").rstrip()
    printed = capsys.readouterr().out
    assert printed.startswith(lines)
    # tests/consumers types these lines; here they are those of the README, but for the folder.
    (after,) = (block for block in blocks(repository, "") if block.startswith("next:"))
    assert printed.endswith(after.replace("build/demo", str(tmp_path / "demo")))


def test_the_two_commands_are_there(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text()
    for command in re.findall(r"^make (\w+)", "".join(blocks(repository, "")), re.MULTILINE):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), f"make {command} is in the README only"


def test_every_link_leads_somewhere(repository: Path) -> None:
    for page in [repository / "README.md", repository / "CONTRIBUTING.md", *(repository / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
