"""Assembling and pushing, beside ``buildah build`` and ``buildah push`` in the same run: ratios, not seconds.

Run by ``make bench``, or alone: ``python -m tests.benchmarks.image``.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from action.model.results import PublishResult, Target
from action.publication.publish import publish
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.oci.layout import OciLayout
from tests.support.building import build_image
from tests.support.registries import docker_registry

MEGA = 1_000_000
IMAGES = 20
V2 = "registry/docker/registry/v2"
TARGET = Target(type="apps", app="bench", version="v1", arches=("amd64",))

FASTER_THAN_BUILDAH = 4.0
SENT_OF_CHANGED = 1.1


def main() -> int:
    """Print every figure; exit code 1 when a ratio is missed."""
    with tempfile.TemporaryDirectory(prefix="bench-image-") as name:
        folder = Path(name)
        context = folder / "context"
        total = _make_context(context)
        print(f"context: {total / MEGA:.0f} MB, {IMAGES} images in registry/")
        with docker_registry(folder / "registry") as registry:
            good = _against_buildah(context, folder, registry.host)
            good &= _pushing_again(context, folder, registry.host)
    return 0 if good else 1


def _against_buildah(context: Path, folder: Path, host: str) -> bool:
    assembled = timed(lambda: _build(context, folder / "one"))
    pushed = timed(lambda: _publish(folder / "one", host, "ours"))
    ours = assembled + pushed
    limit = timed(lambda: shell(f"tar -C {context} -cf - . | sha256sum"))
    reading, hashing = timed(lambda: _read(context)), timed(lambda: _hash(context))
    buildah = f"buildah --storage-driver vfs --root {folder}/store --runroot {folder}/run"
    build = timed(lambda: shell(f"{buildah} build --isolation chroot -f {context}/Kubefile -t x {context}"))
    push = timed(lambda: shell(f"{buildah} push --tls-verify=false x docker://{host}/theirs/bench:v1"))
    ratio = (build + push) / ours
    print(f"ours:    assemble {assembled:6.2f} s   push {pushed:6.2f} s   together {ours:6.2f} s")
    print(f"buildah: build    {build:6.2f} s   push {push:6.2f} s   together {build + push:6.2f} s")
    print(f"reading the context takes {reading:.2f} s, reading and hashing it {hashing:.2f} s")
    print(f"tar | sha256sum takes {limit:.2f} s; assembling, which also writes, takes {assembled / limit:.2f} of that")
    good = ratio >= FASTER_THAN_BUILDAH
    print(f"{_mark(good)} {ratio:.1f} times as fast as buildah (wanted: {FASTER_THAN_BUILDAH:.0f})")
    return good


def _pushing_again(context: Path, folder: Path, host: str) -> bool:
    _build(context, folder / "two")
    unchanged = _publish(folder / "two", host, "ours")
    sent = sum(platform.uploaded for platform in unchanged.platforms)
    print(f"{_mark(sent == 0)} pushing again, unchanged: {sent} bytes of blobs")
    changed = _change_one(context)
    _build(context, folder / "three")
    again = sum(p.uploaded for p in _publish(folder / "three", host, "ours", "measured").platforms)
    ratio = again / changed
    print(
        f"{_mark(ratio <= SENT_OF_CHANGED)} pushing again, one image of {IMAGES} changed: "
        f"{again} bytes sent for {changed} changed, {ratio:.3f} (wanted: at most {SENT_OF_CHANGED})"
    )
    return sent == 0 and ratio <= SENT_OF_CHANGED


def _make_context(context: Path) -> int:
    """About 300 MB: images that share bases, a tool, charts."""
    for number in range(IMAGES):
        _add_image(context, number, f"own {number}")
    (context / "opt").mkdir()
    (context / "opt/tool").write_bytes(_bytes("tool", 40 * MEGA))
    charts = context / "charts/web/templates"
    charts.mkdir(parents=True)
    for number in range(300):
        (charts / f"{number}.yaml").write_text("kind: ConfigMap\n" * 100)
    (context / "Kubefile").write_text('FROM scratch\nCOPY . .\nCMD ["helm upgrade -i web charts/web"]\n')
    return sum(path.stat().st_size for path in context.rglob("*") if path.is_file())


def _add_image(context: Path, number: int, own: str) -> int:
    """Returns the bytes of the blobs that no other image has."""
    base = f"base {number % 4}"
    parts = [(base, 25 * MEGA), (own, 8 * MEGA), (f"{own} config", 6000), (f"{own} manifest", 1500)]
    added = 0
    for seed, size in parts:
        data = _bytes(seed, size)
        digest = hashlib.sha256(data).hexdigest()
        path = context / V2 / "blobs/sha256" / digest[:2] / digest / "data"
        if not path.exists():
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
        added += 0 if seed == base else size
        kind = "_manifests/revisions" if seed.endswith("manifest") else "_layers"
        link = context / V2 / f"repositories/library/app{number}" / kind / "sha256" / digest / "link"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.write_text(f"sha256:{digest}")
    return added


def _change_one(context: Path) -> int:
    """Another version of one image; what only the old one had goes."""
    repository = context / V2 / "repositories/library/app7"
    for seed, size in (("own 7", 8 * MEGA), ("own 7 config", 6000), ("own 7 manifest", 1500)):
        digest = hashlib.sha256(_bytes(seed, size)).hexdigest()
        shutil.rmtree(context / V2 / "blobs/sha256" / digest[:2] / digest)
        for link in repository.rglob(f"{digest}/link"):
            shutil.rmtree(link.parent)
    return _add_image(context, 7, "own 7 new")


def _bytes(seed: str, size: int) -> bytes:
    """Bytes that no compressor makes smaller, the same in every run."""
    return random.Random(seed).randbytes(size)  # noqa: S311


def _build(context: Path, folder: Path) -> None:
    layout = OciLayout(folder)
    # As after placing, which has hashed the blobs of registry/.
    built = build_image(
        context, context / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout, images=[]
    )
    layout.put_index("v1-amd64", built.digest)


def _publish(folder: Path, host: str, namespace: str, force: str | None = None) -> PublishResult:
    client = RegistryClient(AnonymousKeychain())
    return publish(TARGET, {"amd64": folder}, registry=host, namespace=namespace, client=client, force=force)


def _files(context: Path) -> Iterator[Path]:
    return (path for path in context.rglob("*") if path.is_file())


def _read(context: Path) -> None:
    for path in _files(context):
        path.read_bytes()


def _hash(context: Path) -> None:
    for path in _files(context):
        with path.open("rb") as stream:
            hashlib.file_digest(stream, "sha256")


def shell(command: str) -> None:
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True, capture_output=True)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _mark(good: bool) -> str:
    return "ok  " if good else "MISS"


if __name__ == "__main__":
    sys.exit(main())
