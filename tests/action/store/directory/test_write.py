"""Writing where a foreign script has been before: nothing follows a link, nothing that is not ours stays."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from action.errors import InputError
from action.store.blobs.cache import share
from action.store.directory.write import Contents, RegistryDirectory, remove_if_wrong
from tests.support import images

BODY = b'{"schemaVersion": 2}'
DIGEST = images.digest_of(BODY)
CONTENTS = Contents(
    layers={"team/app": frozenset({DIGEST})},
    revisions={"team/app": frozenset({DIGEST})},
    tags={("team/app", "v1"): DIGEST},
    manifests={DIGEST: BODY},
)


def write(root: Path, contents: Contents = CONTENTS) -> None:
    directory = RegistryDirectory(root)
    with directory.locked():
        directory.write_links(contents)
        directory.barrier()
        directory.switch_tags(contents)
        directory.leave_no_staging()


def listing(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_the_layout_is_that_of_distribution(tmp_path: Path) -> None:
    write(tmp_path / "registry")
    home = "docker/registry/v2"
    link, encoded = DIGEST.encode(), DIGEST[7:]
    assert listing(tmp_path / "registry") == {
        f"{home}/blobs/sha256/{encoded[:2]}/{encoded}/data": BODY,
        f"{home}/repositories/team/app/_layers/sha256/{encoded}/link": link,
        f"{home}/repositories/team/app/_manifests/revisions/sha256/{encoded}/link": link,
        f"{home}/repositories/team/app/_manifests/tags/v1/current/link": link,
        f"{home}/repositories/team/app/_manifests/tags/v1/index/sha256/{encoded}/link": link,
    }


def test_files_are_readable_by_all_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        write(tmp_path / "registry")
    finally:
        os.umask(old)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "registry").rglob("*") if path.is_file()}
    assert modes == {0o644}


def test_tags_are_not_there_before_they_are_switched(tmp_path: Path) -> None:
    directory = RegistryDirectory(tmp_path / "registry")
    with directory.locked():
        directory.write_links(CONTENTS)
    assert not list((tmp_path / "registry").rglob("current"))


def test_the_links_of_tags_are_all_that_a_switch_adds(tmp_path: Path) -> None:
    """So all else is on the disk when the barrier between the two has passed."""
    directory = RegistryDirectory(tmp_path / "registry")
    with directory.locked():
        directory.write_links(CONTENTS)
        directory.barrier()
        before = {path for path in listing(directory.root) if not path.startswith(".partial/")}
        directory.switch_tags(CONTENTS)
        after = {path for path in listing(directory.root) if not path.startswith(".partial/")}
    assert after - before == {"docker/registry/v2/repositories/team/app/_manifests/tags/v1/current/link"}
    assert before <= after


def test_a_run_that_ends_leaves_alone_what_the_next_has_begun(tmp_path: Path) -> None:
    first, second = RegistryDirectory(tmp_path / "registry"), RegistryDirectory(tmp_path / "registry")
    with ExitStack() as begun:
        with first.locked():
            first.leave_no_staging()
            begun.enter_context(second.locked())
            (second.staging / "tags").mkdir()
        assert (second.staging / "tags").is_dir()


def test_of_a_failure_only_what_can_be_gone_on_with_stays(tmp_path: Path) -> None:
    directory = RegistryDirectory(tmp_path / "registry")
    with pytest.raises(ValueError, match="fails"), directory.locked():
        directory.stage_path(DIGEST).write_bytes(b"half")
        (directory.staging / "archive-1").mkdir()
        (directory.staging / "archive-1/archive.tar").write_bytes(b"big")
        (directory.staging / "link").write_bytes(b"x")
        raise ValueError("fails")
    assert list(listing(tmp_path / "registry")) == [f".partial/{DIGEST[7:]}"]


def test_a_failure_with_nothing_to_go_on_with_leaves_nothing(tmp_path: Path) -> None:
    directory = RegistryDirectory(tmp_path / "registry")
    with pytest.raises(ValueError, match="fails"), directory.locked():
        raise ValueError("fails")
    assert not (tmp_path / "registry").exists()


def test_everything_else_below_docker_goes(tmp_path: Path) -> None:
    write(tmp_path / "registry")
    before = listing(tmp_path / "registry")
    home = tmp_path / "registry/docker/registry/v2"
    for stray in ("repositories/old/_layers/x", "repositories/team/app/_uploads/1/data", "blobs/sha256/aa/data"):
        (home / stray).parent.mkdir(parents=True)
        (home / stray).write_bytes(b"x")
    (home / "repositories/team/app/_manifests/tags/v2").mkdir()
    write(tmp_path / "registry")
    assert listing(tmp_path / "registry") == before
    assert not (home / "repositories/team/app/_manifests/tags/v2").exists()
    assert not (home / "repositories/old").exists()


def test_files_of_others_beside_docker_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry/README").write_bytes(b"mine")
    write(tmp_path / "registry")
    assert (tmp_path / "registry/README").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "where", ["docker", "docker/registry/v2/blobs", "docker/registry/v2/repositories", ".partial"]
)
def test_no_link_is_followed_out_of_the_directory(tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"precious")
    link = tmp_path / "registry" / where
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    write(tmp_path / "registry")
    assert listing(outside) == {"precious": b"precious"}
    assert not link.is_symlink()


def test_a_registry_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "registry").symlink_to("outside")
    with pytest.raises(InputError, match="is a symbolic link"):
        write(tmp_path / "registry")
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize("kind", ["missing", "directory", "link", "short", "wrong", "right"])
def test_only_a_right_blob_is_kept(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "blob"
    if kind == "directory":
        (path / "below").mkdir(parents=True)
    elif kind == "link":
        (tmp_path / "other").write_bytes(BODY)
        path.symlink_to("other")
    elif kind != "missing":
        path.write_bytes({"short": BODY[:-1], "wrong": bytes(len(BODY)), "right": BODY}[kind])
    assert remove_if_wrong(path, DIGEST, len(BODY)) is (kind == "right")
    assert path.exists() is (kind == "right")
    assert kind != "link" or (tmp_path / "other").exists()


def test_sharing_makes_one_file_two_names_or_a_copy(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * 10_000)
    target = tmp_path / "deep/target"
    target.parent.mkdir()
    target.write_bytes(b"old")
    share(tmp_path / "source", tmp_path / "stage", target)
    assert target.read_bytes() == b"x" * 10_000
    assert not (tmp_path / "stage").exists()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second filesystem")  # noqa: S108
def test_sharing_across_filesystems_copies(tmp_path: Path) -> None:
    other = Path("/dev/shm") / f"share-{os.getpid()}"  # noqa: S108
    try:
        (tmp_path / "source").write_bytes(b"x" * 10_000)
        share(tmp_path / "source", other / "stage", other / "target")
        assert (other / "target").read_bytes() == b"x" * 10_000
    finally:
        for path in (other / "target", other):
            path.unlink() if path.is_file() else path.rmdir()


def test_a_run_that_ends_just_then_does_not_leave_the_next_without_a_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ending run removes the staging after the next one has opened it: that one must lock what is there now."""
    directory = RegistryDirectory(tmp_path / "registry")
    flock = fcntl.flock

    def after_the_other_ended(file: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        shutil.rmtree(directory.root)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", after_the_other_ended)
    with directory.locked():
        assert directory.staging.is_dir()
        with pytest.raises(InputError, match="another run"), RegistryDirectory(directory.root).locked():
            pass
