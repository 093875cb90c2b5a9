"""Problems of a repository beyond what its catalogue shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.maintenance.lint import lint
from generator.settings.settings import Settings
from tests.generator.trees import SCRATCH, write_tree


def found(root: Path) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.file) for problem in lint(root, Settings())]


def test_the_problems_of_the_catalogue_are_among_them(tmp_path: Path) -> None:
    write_tree(tmp_path, {"applications/web/v1/README.md": ""})
    assert found(tmp_path) == [("no-build-file", "applications/web/v1")]


def test_links_that_leave_a_build_directory(tmp_path: Path) -> None:
    context = tmp_path / "applications/web/v1"
    write_tree(context, {"Kubefile": SCRATCH, "etc/a": "", "charts/x": ""})
    for name, target in {
        "etc/inside": "a",
        "etc/up-and-back": "../charts/x",
        "etc/to-nothing": "nothing",
        "etc/passwd": "/etc/passwd",
        "etc/gone": "/nowhere/at/all",
        "charts/other": "../../../other",
        "loop": "loop",
    }.items():
        (context / name).symlink_to(target)
    assert found(tmp_path) == [
        ("bad-link", f"applications/web/v1/{name}") for name in ("charts/other", "etc/gone", "etc/passwd", "loop")
    ]


def test_files_that_nothing_reads(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "imagebuild.yml": "",
            "applications/web/v1/Kubefile": SCRATCH,
            "applications/web/image.yml": "",
            "applications/db/v1/dockerfile": SCRATCH,
        },
    )
    assert found(tmp_path) == [
        ("no-build-file", "applications/db/v1"),
        ("misnamed", "applications/web/image.yml"),
        ("misnamed", "imagebuild.yml"),
    ]
    assert [problem.hint for problem in lint(tmp_path, Settings())] == [
        "rename dockerfile to Dockerfile",
        "rename it to image.yaml",
        "rename it to imagebuild.yaml",
    ]


@pytest.mark.parametrize(
    ("name", "text", "bad"),
    [
        ("a.md", "---\nname: x\nlabels: bug, Accepted\n---\n# hello\n", True),
        ("a.md", "---\nname: x\nlabels: bug\n---\nlabels: accepted\n", False),
        ("a.md", "labels: accepted\n", False),
        ("a.yml", "name: x\nlabels: [accepted]\n", True),
        ("a.yaml", 'name: x\nlabels: ["bug"]\n', False),
        ("a.yml", "name: x\nlabels:\n", False),
        ("a.txt", "labels: [accepted]\n", False),
    ],
)
def test_a_template_that_approves_its_own_issue(tmp_path: Path, name: str, text: str, bad: bool) -> None:
    write_tree(tmp_path, {f".github/ISSUE_TEMPLATE/{name}": text, "applications/web/v1/Kubefile": SCRATCH})
    assert found(tmp_path) == ([("approving-template", f".github/ISSUE_TEMPLATE/{name}")] if bad else [])


def test_a_template_that_is_no_yaml(tmp_path: Path) -> None:
    write_tree(tmp_path, {".github/ISSUE_TEMPLATE/a.yml": "a: [\n", "applications/web/v1/Kubefile": SCRATCH})
    assert found(tmp_path) == [("bad-yaml", ".github/ISSUE_TEMPLATE/a.yml")]


ROOTFS = "LABEL sealos.io.type=rootfs sealos.io.version=v1beta1 version=v1.30.0 vip=10.103.97.2 image=lvscare:v5\n"
SCRIPTS = 'LABEL init="init.sh $(X)" clean=c.sh check=d.sh init-registry="e.sh" clean-registry=f.sh\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('CMD ["helm","upgrade","web"]\n', [("words-as-commands", 2)]),
        ('CMD ["bash", "install.sh"]\n', [("words-as-commands", 2)]),
        ('ENTRYPOINT ["./run", "--now"]\n', [("words-as-commands", 2)]),
        ('CMD ["helm upgrade web charts/web", "kubectl get pods"]\n', []),
        ('CMD ["./one.sh", "./two.sh"]\n', []),
        ('CMD ["helm"]\n', []),
        ("CMD helm upgrade web\n", []),
        ('CMD ["/bin/sh", "-c", "helm upgrade web"]\n', []),
        ('FROM scratch AS last\nCMD [ "helm", \\\n "list" ]\n', [("words-as-commands", 3)]),
        ("LABEL sealos.io.type=apps\n", [("unknown-sealos-type", 2)]),
        ('LABEL a=b "sealos.io.type"="roofs"\n', [("unknown-sealos-type", 2)]),
        ("LABEL sealos.io.type rootfs image\n", [("unknown-sealos-type", 2)]),
        ("LABEL sealos.io.type=application\n", []),
        ("LABEL sealos.io.type=patch\n", []),
        ("ARG TYPE=x\nLABEL sealos.io.type=$TYPE\n", []),
        (ROOTFS + SCRIPTS, []),
        (ROOTFS.replace("v1beta1", "v1"), [("rootfs-labels", 2), ("rootfs-version", 2)]),
        (ROOTFS.replace(" vip=10.103.97.2", "") + SCRIPTS, [("rootfs-labels", 2)]),
        ("LABEL sealos.io.type=rootfs\n" + SCRIPTS, [("rootfs-labels", 2), ("rootfs-version", 2)]),
        ("FROM kubernetes:v1.30.0\nLABEL sealos.io.type=rootfs\n", []),
        ("FROM ${BASE:?say which}\nLABEL sealos.io.type=rootfs\n", []),
        ('LABEL sealos.io.type="roofs\n', []),
        ("COPPY a b\nLABEL sealos.io.type=roofs\n", [("unknown-instruction", 2)]),
    ],
)
def test_what_sealos_would_make_of_a_cluster_image(tmp_path: Path, text: str, expected: list[tuple[str, int]]) -> None:
    write_tree(tmp_path, {"applications/web/v1/Kubefile": f"FROM scratch\n{text}"})
    problems = lint(tmp_path, Settings())
    assert [(problem.code, problem.line) for problem in problems] == expected
    assert all(problem.file == "applications/web/v1/Kubefile" for problem in problems)


def test_the_scripts_of_a_rootfs_image_may_be_files_or_made_by_init_sh(tmp_path: Path) -> None:
    names = ("init.sh", "clean.sh.tmpl", "check.sh.tpl", "init-registry.sh", "clean-registry.sh")
    kubefile = {"Kubefile": f"FROM scratch\n{ROOTFS}"}
    write_tree(tmp_path / "applications/one/v1", {**kubefile, **{f"scripts/{name}": "" for name in names}})
    write_tree(tmp_path / "applications/two/v1", {**kubefile, "init.sh": ""})
    write_tree(tmp_path / "applications/web/v1", {**kubefile, "scripts/init.sh": ""})
    (problem,) = lint(tmp_path, Settings())
    assert problem.file == "applications/web/v1/Kubefile"
    assert "for clean, init-registry, clean-registry, check" in problem.message


def test_the_dockerfile_of_an_ordinary_image_runs_its_words_as_one_command(tmp_path: Path) -> None:
    words = 'CMD ["helm", "version"]\n'
    write_tree(tmp_path, {"applications/web/v1/Dockerfile": f"FROM alpine\n{words}"})
    write_tree(tmp_path, {"applications/app/v1/Dockerfile": f"FROM scratch\n{words}"})
    assert found(tmp_path) == [("words-as-commands", "applications/app/v1/Dockerfile")]


def test_beside_a_kubefile_the_words_of_a_dockerfile_are_not_read_as_commands(tmp_path: Path) -> None:
    """Sealos runs the Kubefile's; what is told is only that one name is to be both images."""
    files = {"Kubefile": SCRATCH, "Dockerfile": 'FROM a\nCMD ["helm", "version"]\n'}
    write_tree(tmp_path / "applications/two/v1", files)
    assert found(tmp_path) == [("name-collision", "applications/two/v1")]
