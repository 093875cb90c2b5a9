from __future__ import annotations

import os
from pathlib import Path

import pytest

from action.context.staging import check_what_is_read, staged
from action.errors import InputError


def test_the_copy_has_everything_and_is_gone_afterwards(tmp_path: Path) -> None:
    directory = tmp_path / "v1"
    (directory / "charts" / "web").mkdir(parents=True)
    (directory / ".sealignore").write_text("docker.io/library/busybox:*\n")
    (directory / "run").write_text("x")
    (directory / "run").chmod(0o755)
    (directory / "link").symlink_to("run")

    with staged(directory, "applications/web/v1") as context:
        assert sorted(path.relative_to(context).as_posix() for path in context.rglob("*")) == [
            ".sealignore",
            "charts",
            "charts/web",
            "link",
            "run",
        ]
        assert (context / "run").stat().st_mode & 0o777 == 0o755
        assert (context / "link").readlink() == Path("run")
    assert not context.parent.exists()


@pytest.mark.parametrize("private", [0o077, 0o007, 0o000])
def test_modes_are_those_that_git_keeps(tmp_path: Path, private: int) -> None:
    """Whatever the umask of the checkout was."""
    directory = tmp_path / "v1"
    (directory / "charts").mkdir(parents=True)
    for name, mode in (("run", 0o777), ("charts/values.yaml", 0o666), ("charts", 0o777)):
        if name != "charts":
            (directory / name).write_text("x")
        (directory / name).chmod(mode & ~private)
    with staged(directory, "applications/web/v1") as context:
        modes = {name: (context / name).stat().st_mode & 0o7777 for name in ("run", "charts/values.yaml", "charts")}
    assert modes == {"run": 0o755, "charts/values.yaml": 0o644, "charts": 0o755}


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "charts/../../secret"])
def test_a_link_that_leaves_the_directory_is_refused(tmp_path: Path, target: str) -> None:
    directory = tmp_path / "v1"
    (directory / "charts").mkdir(parents=True)
    (directory / "charts" / "values.yaml").symlink_to(target)
    (directory / "evil").symlink_to(target)

    with pytest.raises(InputError) as caught, staged(directory, "applications/web/v1"):
        pass
    assert "applications/web/v1/evil" in {problem.file for problem in caught.value.problems}
    assert {problem.code for problem in caught.value.problems} == {"unsafe-file"}


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="neither a file, a directory nor a link"), staged(tmp_path, "web"):
        pass


def test_after_init_only_what_is_read_must_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt" / "lib").symlink_to("/usr/lib/somewhere/on/the/node")
    (tmp_path / "manifests" / "deep").mkdir(parents=True)
    check_what_is_read(tmp_path, "web")

    (tmp_path / "manifests" / "deep" / "a.yaml").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="web/manifests/deep/a.yaml"):
        check_what_is_read(tmp_path, "web")
