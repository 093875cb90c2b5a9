"""What lint says of init.sh, and of the variables that it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import InputError
from generator.maintenance.lint import lint
from generator.settings.settings import Settings, load_settings
from generator.tree.init_lint import init_problems


def codes(text: str) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in init_problems(text, "applications/web/v1/init.sh")]


@pytest.mark.parametrize(
    "line",
    [
        "docker pull nginx",
        "sudo apt-get install jq",
        "x=$(docker create nginx)",
        "if podman info; then",
        "cd x && nerdctl save y",
        "cat list | xargs docker pull",
        "DOCKER_HOST=x /usr/bin/docker ps",
        "then sudo true",
        "! buildah from scratch",
    ],
)
def test_calls_that_cannot_work_are_named_with_what_to_do_instead(line: str) -> None:
    (problem,) = init_problems(f"#!/bin/bash\n{line}\n", "applications/web/v1/init.sh")
    assert (problem.code, problem.line, problem.severity) == ("init-calls", 2, "warning")
    assert "docs/init-script.md" in problem.hint


@pytest.mark.parametrize(
    "line", ["mkdir -p /tmp/scripts_apps", "curl -o /tmp/x.tgz https://e.example", "a > /var/tmp/x"]
)
def test_files_that_are_gone_afterwards_are_named(line: str) -> None:
    assert codes(line) == [("init-writes-tmp", 1)]


@pytest.mark.parametrize(
    "line",
    [
        "# docker pull nginx",
        "echo docker",
        "helm pull docker-registry",
        "mkdir -p opt/docker ./tmp $HOME/tmp",
        "sed -i s/sudo// x",
        "cat > Kubefile <<EOF\nRUN docker ps\nsudo x\ncp a /tmp/b\nEOF",
        "cat > run.sh <<-'END'\n\tdocker ps\n\tEND",
        "wget https://download.docker.com/linux/static/docker.tgz",
        "tar xf docker.tgz docker/docker",
    ],
)
def test_what_only_looks_like_it_is_left_alone(line: str) -> None:
    assert codes(line) == []


def tree(root: Path, metadata: str, settings: str = "") -> None:
    version = root / "applications" / "web" / "v1"
    version.mkdir(parents=True)
    (version / "init.sh").write_text("docker pull x\n")
    (version / "Kubefile").write_text("FROM scratch\nCOPY . .\n")
    (version.parent / "image.yaml").write_text(metadata)
    (root / "imagebuild.yaml").write_text(settings)


def test_the_tree_is_looked_through(tmp_path: Path) -> None:
    tree(tmp_path, "init_env: [MIRROR, GITHUB_TOKEN]\n", "init_env: [OTHER]\n")
    found = {(problem.code, problem.file) for problem in lint(tmp_path, load_settings(tmp_path))}
    assert found == {
        ("forbidden-variable", "applications/web/image.yaml"),
        ("variable-not-allowed", "applications/web/image.yaml"),
        ("init-calls", "applications/web/v1/init.sh"),
    }


def test_a_variable_that_is_allowed_may_be_asked_for(tmp_path: Path) -> None:
    tree(tmp_path, "init_env: [MIRROR]\n")
    assert "variable-not-allowed" not in {one.code for one in lint(tmp_path, Settings(init_env=("MIRROR",)))}


@pytest.mark.parametrize(
    "name",
    [
        *("IMAGEBUILD_PASSWORD", "IMAGEBUILD_X", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_X", "GITHUB_TOKEN", "GITHUB_ENV"),
        *("RUNNER_TEMP", "INPUT_X", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "NPM_TOKEN", "DOCKER_PASSWORD"),
        *("api_key", "my_token", "GH_PAT", "REGISTRY_AUTH", "SSH_PRIVATE_KEY"),
    ],
)
def test_no_setting_allows_what_may_be_a_credential(tmp_path: Path, name: str) -> None:
    """A5: image.yaml, a part of every pull request, could ask for any variable of the machine."""
    (tmp_path / "imagebuild.yaml").write_text(f"init_env: [{name}]\n")
    with pytest.raises(InputError, match=f"init_env has {name}, which"):
        load_settings(tmp_path)


@pytest.mark.parametrize("name", ["HELM_BASE_URL", "GOPROXY", "PIP_INDEX_URL", "AUTHOR", "PATTERN", "KEYBOARD"])
def test_an_ordinary_name_is_allowed(tmp_path: Path, name: str) -> None:
    (tmp_path / "imagebuild.yaml").write_text(f"init_env: [{name}]\n")
    assert load_settings(tmp_path).init_env == (name,)
