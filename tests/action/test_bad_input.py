"""Everything that can be wrong with what a build is given: one clear message, exit code 1, nothing half-written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from action.__main__ import main
from action.errors import run
from tests.support import images
from tests.support.registries import RunningRegistry, docker_registry

KUBEFILE = 'FROM scratch\nCOPY . .\nCMD ["helm install web charts/web"]\n'
CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: '%s'}]}\n"

Build = Callable[..., str]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one sound application, web v1, and nothing to pull."""
    write(tmp_path, {"applications/web/v1/Kubefile": KUBEFILE})
    return tmp_path


@pytest.fixture
def build(tree: Path, capsys: pytest.CaptureFixture[str]) -> Build:
    """Build, see that it fails as it should, and return the message."""

    def failing(*arguments: str, exit_code: int = 1) -> str:
        output = tree / "output"
        words = ["build", *arguments, "--root", str(tree), "--output", f"oci:{output}"]
        assert run(lambda: main(words)) == exit_code
        message = capsys.readouterr().err
        assert "Traceback" not in message
        assert not output.exists(), "something half-written is left"
        return message

    return failing


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_an_unknown_application_names_the_nearest(build: Build) -> None:
    message = build("wbe", "v1")
    assert "there is no application wbe" in message
    assert "did you mean web?" in message


def test_an_unknown_version_without_latest_names_the_nearest(build: Build) -> None:
    message = build("web", "v2")
    assert "web has no version v2, and no latest/" in message
    assert "did you mean v1?" in message


@pytest.mark.parametrize(
    ("app", "version", "said"),
    [
        ("w\u0435b", "v1", "U+0435 CYRILLIC SMALL LETTER IE"),
        ("Web", "v1", "U+0057"),
        ("../web", "v1", "U+002F"),
        ("web", "v1+build", "U+002B"),
        ("web", "..", "not starting with '.'"),
    ],
)
def test_a_bad_name_is_refused_with_its_character(build: Build, app: str, version: str, said: str) -> None:
    assert said in build(app, version)


def test_a_missing_version_is_wrong_usage(build: Build) -> None:
    assert "needs an application and a version" in build("web", exit_code=2)


def test_build_arguments_are_for_dockerimages_only(build: Build) -> None:
    assert "build arguments are for dockerimages, not for apps" in build("web", "v1", "--build-arg", "A=b")


def test_an_architecture_that_the_application_is_not_for(build: Build, tree: Path) -> None:
    write(tree, {"applications/web/v1/build_arch": "amd64\n"})
    assert "web v1 is not built for arm64" in build("web", "v1", "--arch", "arm64")


def test_a_directory_without_a_build_file(build: Build, tree: Path) -> None:
    (tree / "applications/web/v1/Kubefile").unlink()
    write(tree, {"applications/web/v1/init.sh": "true\n"})
    message = build("web", "v1")
    assert "applications/web/v1" in message
    assert "Kubefile" in message


def test_an_init_script_that_fails_shows_its_last_lines_and_its_exit_code(build: Build, tree: Path) -> None:
    write(tree, {"applications/web/v1/init.sh": "echo 'cannot download the release' >&2; exit 22\n"})
    message = build("web", "v1")
    assert "applications/web/v1/init.sh: failed with exit code 22" in message
    assert "    cannot download the release" in message


def test_a_chart_that_does_not_render_names_chart_template_and_line(build: Build, tree: Path) -> None:
    chart = "applications/web/v1/charts/web"
    template = 'kind: Pod\nspec:\n  containers:\n    - image: {{ required "set the image" .Values.image }}\n'
    write(tree, {f"{chart}/Chart.yaml": CHART, f"{chart}/templates/pod.yaml": template})
    message = build("web", "v1")
    assert f"{chart}/templates/pod.yaml:4" in message
    assert "set the image" in message


@pytest.mark.real("docker-registry")
def test_an_image_that_does_not_exist_names_it_and_who_wants_it(
    build: Build, tree: Path, registry: RunningRegistry
) -> None:
    images.push(images.both_arches("there"), registry.host, "there", "v1")
    manifest = "applications/web/v1/manifests/pod.yaml"
    write(tree, {manifest: "---\n".join(POD % f"{registry.host}/{name}:v1" for name in ("there", "missing"))})
    message = build("web", "v1")
    assert f"{registry.host}/missing:v1" in message
    assert manifest in message
    assert f"{registry.host}/there:v1" not in message


@pytest.mark.real("docker-registry")
def test_a_registry_that_refuses_the_login(
    build: Build, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with docker_registry(tmp_path / "closed", password=True) as closed:
        # base64 of "builder:wrong"
        login = f'{{"auths": {{"{closed.host}": {{"auth": "YnVpbGRlcjp3cm9uZw=="}}}}}}'
        write(tmp_path, {"docker/config.json": login})
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
        write(tree, {"applications/web/v1/manifests/pod.yaml": POD % f"{closed.host}/web:v1"})
        message = build("web", "v1")
    assert closed.host in message
    assert "401" in message
    assert "wrong" not in message.replace("the input is wrong", "")
    assert "YnVpbGRlcjp3cm9uZw" not in message


def test_a_registry_inside_charts(build: Build, tree: Path) -> None:
    write(tree, {"applications/web/v1/charts/registry/docker/registry/v2/x": ""})
    message = build("web", "v1")
    assert "applications/web/v1/charts/registry" in message


def test_a_template_whose_rendered_name_exists_names_both(build: Build, tree: Path) -> None:
    write(tree, {"applications/web/v1/etc/a.yaml.tmpl": "x", "applications/web/v1/etc/a.yaml": "x"})
    message = build("web", "v1")
    assert "applications/web/v1/etc/a.yaml.tmpl" in message
    assert "renders to etc/a.yaml, which exists already" in message


def test_configs_that_would_need_images(build: Build, tree: Path) -> None:
    write(tree, {"applications/web/v1/manifests/pod.yaml": POD % "docker.io/library/nginx:1"})
    message = build("web", "v1", "--type", "configs")
    assert "manifests/pod.yaml runs the image docker.io/library/nginx:1" in message


V2 = "registry/docker/registry/v2"
LINK = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {f"{V2}/repositories/library/nginx/_manifests/tags/1/current/link": LINK},
            "registry/ holds the image library/nginx:1",
        ),
        ({f"{V2}/blobs/sha256/aa/{'a' * 64}/data": "x"}, "registry/ holds 1 blobs of container images"),
    ],
)
def test_configs_that_bring_a_registry(build: Build, tree: Path, files: dict[str, str], said: str) -> None:
    write(tree / "applications/web/v1", files)
    message = build("web", "v1", "--type", "configs")
    assert said in message
    assert "ask for it as apps" in message


def test_configs_that_differ_by_architecture(build: Build, tree: Path) -> None:
    write(tree, {"applications/web/v1/init.sh": 'echo "$ARCH" > arch\n'})
    message = build("web", "v1", "--type", "configs")
    assert "that for arm64 is not that for amd64" in message


def test_an_output_folder_with_something_else_in_it_is_left_alone(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {"notes/plan.txt": "mine"})
    words = ["build", "web", "v1", "--root", str(tree), "--output", f"oci:{tmp_path / 'notes'}"]
    assert run(lambda: main(words)) == 1
    assert "is no image layout" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["plan.txt"]
