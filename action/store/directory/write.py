"""RegistryDirectory: ``registry/`` in the filesystem layout of distribution, written without a registry.

Layout: distribution, registry/storage/paths.go. A link file holds a digest and no newline. Tags come last: until a
tag's link is there, nothing of an image is seen, so a run that dies at any moment leaves no half image.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from action.errors import InputError, Problem
from action.store.blobs.durability import wait_for_disk
from action.store.blobs.small_files import keep_only, move, put, remove_all_but_files, write
from action.store.blobs.staging import still_there
from action.store.oci.digest import digest_of_file

STAGING = ".partial"
_PARTIAL = re.compile(r"[a-f0-9]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that a registry directory holds, as data; digests are ``sha256:<hex>``.

    ``layers`` are the blobs (configurations too) that each repository may serve, ``revisions`` its manifests and
    indexes by digest, ``tags`` what each tag means, ``manifests`` the bytes of every manifest and index.
    """

    layers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    revisions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tags: Mapping[tuple[str, str], str] = field(default_factory=dict)
    manifests: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def blobs(self) -> frozenset[str]:
        return frozenset(self.manifests).union(*self.layers.values())


class RegistryDirectory:
    """Nothing here follows a symbolic link out of the directory: build contexts run foreign scripts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.staging = root / STAGING
        self._v2 = f"{root}/docker/registry/v2"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Open for writing, by one process at a time; takes away what was never ours to follow (links)."""
        if self.root.is_symlink():
            raise InputError(Problem("registry-is-a-link", "is a symbolic link", "remove it", file=self.root.name))
        remove_all_but_files(self.root)
        lock = self._lock()
        try:
            yield
        finally:
            if still_there(self.staging, lock):  # after leave_no_staging it is that of the next run
                self._tidy()
            with contextlib.suppress(OSError):  # what is not empty stays
                self.root.rmdir()
            os.close(lock)

    def _tidy(self) -> None:
        """Leave of the staging what a next run can go on with, and no empty directory."""
        for path in self.staging.iterdir():
            if not _PARTIAL.fullmatch(path.name) or path.stat().st_size == 0:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        with contextlib.suppress(OSError):  # what is not empty stays
            self.staging.rmdir()

    def _lock(self) -> int:
        """The staging, open and ours alone. A run that ends removes it, perhaps when we have just opened it."""
        while True:
            self.staging.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                file = os.open(self.staging, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(file)
                    name = self.root.name
                    problem = Problem("registry-busy", "is being filled by another run", "wait for it", file=name)
                    raise InputError(problem) from None
                if still_there(self.staging, file):
                    return file
                os.close(file)

    def blob_path(self, digest: str) -> Path:
        return Path(f"{self._v2}/blobs/sha256/{digest[7:9]}/{digest[7:]}/data")

    def stage_path(self, digest: str) -> Path:
        return self.staging / digest[7:]

    def holds(self, digest: str, size: int) -> bool:
        """Whether the blob is there and whole, by its size and its hash; a wrong one is removed."""
        return remove_if_wrong(self.blob_path(digest), digest, size)

    def has_tag(self, repository: str, tag: str) -> bool:
        return Path(self._tag(repository, tag)).exists()

    def write_links(self, contents: Contents) -> None:
        """Every manifest's bytes, and every link but the tags; the tags' links are staged, ready to be renamed."""
        stage = f"{self.staging}/link"
        for digest, body in contents.manifests.items():
            put(str(self.blob_path(digest)), body, stage)
        for repository, digests in contents.layers.items():
            for digest in digests:
                put(self._link(repository, "_layers", digest), digest.encode(), stage)
        for repository, digests in contents.revisions.items():
            for digest in digests:
                put(self._link(repository, "_manifests/revisions", digest), digest.encode(), stage)
        for (repository, tag), digest in contents.tags.items():
            put(self._link(repository, f"_manifests/tags/{tag}/index", digest), digest.encode(), stage)
        staged = self.staging / "tags"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        for number, digest in enumerate(contents.tags.values()):
            write(f"{staged}/{number}", digest.encode())

    def barrier(self) -> None:
        """Wait until all that was written is on the disk: one call for the whole set; raises OSError."""
        directory = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            wait_for_disk(directory)
        finally:
            os.close(directory)

    def switch_tags(self, contents: Contents) -> None:
        """Let every tag mean its new digest, then take away all that ``contents`` does not name."""
        for number, (repository, tag) in enumerate(contents.tags):
            move(f"{self.staging}/tags/{number}", self._tag(repository, tag))
        self._prune(contents)

    def leave_no_staging(self) -> None:
        """The last thing to do: from here on another run may hold the directory."""
        shutil.rmtree(self.staging)

    def _prune(self, contents: Contents) -> None:
        keep = {str(self.blob_path(digest)) for digest in contents.blobs}
        for kind, links in (("_layers", contents.layers), ("_manifests/revisions", contents.revisions)):
            keep |= {self._link(repository, kind, digest) for repository, found in links.items() for digest in found}
        for (repository, tag), digest in contents.tags.items():
            keep |= {
                self._tag(repository, tag),
                self._link(repository, f"_manifests/tags/{tag}/index", digest),
            }
        keep_only(f"{self.root}/docker", keep)

    def _link(self, repository: str, kind: str, digest: str) -> str:
        return f"{self._v2}/repositories/{repository}/{kind}/sha256/{digest[7:]}/link"

    def _tag(self, repository: str, tag: str) -> str:
        return f"{self._v2}/repositories/{repository}/_manifests/tags/{tag}/current/link"


def remove_if_wrong(path: Path, digest: str, size: int) -> bool:
    """Whether ``path`` is a file with this size and digest; anything else of that name is removed."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if path.is_file() and not path.is_symlink() and status.st_size == size and digest_of_file(path) == digest:
        return True
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return False
