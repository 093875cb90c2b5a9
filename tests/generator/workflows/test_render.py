"""The rendered files: safe by what they say, accepted by other people's linters, the same for the same settings."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import InputError
from generator.settings.settings import Pin, SecretNames, Settings, TypeSettings
from generator.settings.validation import schema
from generator.workflows.render import FILES, MARKER, pins, render
from tests.generator.trees import write_tree

FORM = ".github/ISSUE_TEMPLATE/imagebuild.yml"
WORKFLOWS = sorted(set(FILES) - {FORM})
EVERYTHING = Settings(
    registry="registry.example:5000",
    schedule=("0 3 * * 1", "30 4 1 * *"),
    label="go: build it's ok",
    runners={"amd64": "my-amd64", "arm64": "my-arm64"},
    branches=("trunk", "release/1"),
    attest=True,
    types={"dockerimages": TypeSettings(secrets=SecretNames("TOOLS_USERNAME", "TOOLS_PASSWORD"))},
    pins={"actions/checkout": Pin("v9.9.9", "c" * 40)},
)

EMULATED = Settings(runners={"amd64": "ubuntu-24.04", "arm64": "ubuntu-24.04"})


def workflow(path: str, settings: Settings = EVERYTHING) -> dict[str, Any]:
    data: dict[str, Any] = yaml.load(render(settings)[path], Loader=yaml.BaseLoader)  # noqa: S506 - keeps `on` a word; makes text only
    return data


@pytest.mark.parametrize("path", FILES)
def test_every_file_says_what_made_it_and_where_to_edit(path: str) -> None:
    text = render(Settings())[path]
    assert text.startswith(MARKER)
    assert f"generator/templates/{FILES[path]}" in text
    assert "\r" not in text
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert len(text) < 500_000


@pytest.mark.parametrize("path", WORKFLOWS)
def test_nothing_is_granted_but_by_the_job_that_needs_it(path: str) -> None:
    content = workflow(path)
    assert content["permissions"] == {}
    for name, job in content["jobs"].items():
        assert "permissions" in job, name
        written = {scope for scope, level in job["permissions"].items() if level == "write"}
        assert written <= {"issues", "packages", "id-token", "attestations"}
        assert job.get("secrets") != "inherit"
        if "uses" not in job:
            assert int(job["timeout-minutes"]) <= 180


@pytest.mark.parametrize("path", WORKFLOWS)
def test_no_script_holds_an_expression(path: str) -> None:
    for job in workflow(path)["jobs"].values():
        for step in job.get("steps", ()):
            assert "${{" not in step.get("run", "")
            assert not {"shell", "working-directory"} & set(step)


@pytest.mark.parametrize("settings", [EVERYTHING, EMULATED])
@pytest.mark.parametrize("path", WORKFLOWS)
def test_every_action_of_others_is_pinned_by_commit(path: str, settings: Settings) -> None:
    for job in workflow(path, settings)["jobs"].values():
        for step in job.get("steps", ()):
            used = step.get("uses", "./")
            assert used.startswith("./") or re.fullmatch(r"(actions|docker)/[a-z-]+@[0-9a-f]{40}", used), used
            if used.startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"
                assert "ref" not in step["with"] and "repository" not in step["with"]


def test_only_publishing_names_a_secret() -> None:
    naming = {path for path in WORKFLOWS if "secrets." in render(EVERYTHING)[path]}
    assert naming == {
        f".github/workflows/{name}.yml"
        for name in ("imagebuild", "imagebuild-matrix", "imagebuild-push", "imagebuild-publish")
    }
    build = render(EVERYTHING)[".github/workflows/imagebuild-build.yml"]
    assert "secrets" not in build and "github.token" not in build


def test_the_job_that_runs_init_scripts_has_no_credential() -> None:
    (job,) = workflow(".github/workflows/imagebuild-build.yml")["jobs"].values()
    assert job["permissions"] == {"contents": "read"}


def test_no_template_sets_the_label_that_starts_a_build() -> None:
    form = workflow(FORM)
    assert "labels" not in form
    (command,) = [item for item in form["body"] if item.get("id") == "command"]
    assert "render" not in command["attributes"]  # a fence around the command would hide it from the parser


def test_settings_arrive_where_they_belong() -> None:
    rendered = render(EVERYTHING)
    assert workflow(".github/workflows/imagebuild-matrix.yml")["on"]["schedule"] == [
        {"cron": "0 3 * * 1"},
        {"cron": "30 4 1 * *"},
    ]
    assert "schedule" not in workflow(".github/workflows/imagebuild-matrix.yml", Settings())["on"]
    assert workflow(".github/workflows/imagebuild-push.yml")["on"]["push"]["branches"] == ["trunk", "release/1"]
    assert "github.event.label.name == 'go: build it''s ok'" in rendered[".github/workflows/imagebuild.yml"]
    assert "`go: build it's ok`" in rendered[FORM]
    for path in WORKFLOWS:
        assert "ubuntu-" not in rendered[path]
        assert f"actions/checkout@{'c' * 40} # v9.9.9\n" in rendered[path]


LABEL = schema("settings")["properties"]["label"]["pattern"].removesuffix("$") + r"\Z"


@given(label=st.from_regex(LABEL))
@settings(max_examples=30, deadline=None)
def test_any_label_that_the_schema_takes_stays_one_string_of_an_expression(label: str) -> None:
    content = workflow(".github/workflows/imagebuild.yml", Settings(label=label))
    condition = content["jobs"]["plan"]["if"]
    assert f"github.event.label.name == '{label.replace(chr(39), chr(39) * 2)}'\n" in condition.replace(" ||", "\n ||")
    assert condition.count("${{") == condition.count("}}") == 1
    assert workflow(FORM, Settings(label=label))["body"][0]["attributes"]["value"].count(f"`{label}`") == 1


def test_a_type_may_have_a_login_of_its_own() -> None:
    publish = workflow(".github/workflows/imagebuild-publish.yml")["jobs"]["publish"]["steps"]
    (given,) = [step["with"] for step in publish if step.get("with", {}).get("command") == "publish"]
    assert given["password"] == (
        "${{ (matrix.target.type == 'dockerimages' && secrets.registry-password-dockerimages"
        " || matrix.target.type != 'dockerimages' && secrets.registry-password) }}"
    )
    handed = workflow(".github/workflows/imagebuild-push.yml")["jobs"]["build"]["secrets"]
    assert handed["registry-password-dockerimages"] == "${{ secrets.TOOLS_PASSWORD }}"
    assert handed["registry-password"] == "${{ secrets.REGISTRY_PASSWORD }}"


def test_an_attestation_is_made_only_when_it_is_asked_for() -> None:
    path = ".github/workflows/imagebuild-publish.yml"
    assert "attest" not in "".join(render(Settings()).values())
    (step,) = [each for each in workflow(path)["jobs"]["publish"]["steps"] if "attest@" in each.get("uses", "")]
    assert step["with"] == {
        "subject-name": "${{ steps.publish.outputs.name }}",
        "subject-digest": "${{ steps.publish.outputs.digest }}",
    }
    # Of an image that was there before, this run cannot say how it was made.
    assert step["if"] == "${{ steps.publish.outputs.changed == 'true' }}"


def test_one_runner_for_both_architectures_emulates_the_other() -> None:
    path = ".github/workflows/imagebuild-build.yml"
    assert "qemu" not in render(Settings())[path] + render(EVERYTHING)[path]
    steps = workflow(path, EMULATED)["jobs"]["build"]["steps"]
    (at,) = [at for at, step in enumerate(steps) if step.get("uses", "").startswith("docker/setup-qemu-action@")]
    assert at < [step["name"] for step in steps].index("Build")
    assert "matrix.row.type == 'dockerimages'" in steps[at]["if"]
    assert re.fullmatch(r"docker\.io/tonistiigi/binfmt@sha256:[0-9a-f]{64}", steps[at]["with"]["image"])


def test_an_unknown_pin_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean actions/checkout"):
        pins(Settings(pins={"actions/chekout": Pin("v1", "c" * 40)}))


def test_called_workflows_grant_what_their_callers_do() -> None:
    """GitHub refuses to start a caller that grants less than a job of the called workflow asks for."""
    for path in WORKFLOWS:
        for job in workflow(path)["jobs"].values():
            if "uses" in job:
                called = workflow(job["uses"].removeprefix("./"))
                for inner in called["jobs"].values():
                    assert inner["permissions"].items() <= job["permissions"].items(), (path, job["uses"])


@pytest.mark.real("check-jsonschema", "zizmor")
@pytest.mark.parametrize("settings", [Settings(), EVERYTHING, EMULATED])
def test_outsiders_find_no_fault(tmp_path: Path, settings: Settings) -> None:
    write_tree(tmp_path, render(settings))
    for tool, *arguments in (
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS],
        ["check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", FORM],
        ["zizmor", "--offline", "--quiet", "--persona", "auditor", "--format", "json", "."],
    ):
        done = subprocess.run([tool, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_waiver_of_a_finding_gives_its_reason() -> None:
    for text in render(EVERYTHING).values():
        for waiver in re.findall(r"# zizmor: ignore(.*)", text):
            assert re.fullmatch(r"\[[a-z-]+\] .{10,}", waiver), waiver


@pytest.mark.real("actionlint")
@pytest.mark.parametrize("settings", [Settings(), EVERYTHING, EMULATED])
def test_actionlint_finds_no_fault(tmp_path: Path, settings: Settings) -> None:
    write_tree(tmp_path, render(settings))
    (tmp_path / ".github/actionlint.yaml").write_text("self-hosted-runner: {labels: [my-amd64, my-arm64]}\n")
    subprocess.run(["git", "init", "--quiet", "."], cwd=tmp_path, check=True)
    done = subprocess.run(["actionlint"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
