"""Small container images made in memory, pushed by plain HTTP or written as archives: no daemon, no tool."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import io
import json
import random
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
IN_TOTO = "application/vnd.in-toto+json"

_PIECE = 1 << 20
Compression = Literal["gzip", "zstd", "none"]
_OCI_LAYER = {"gzip": "tar+gzip", "zstd": "tar+zstd", "none": "tar"}
_DOCKER_LAYER = {"gzip": "tar.gzip", "zstd": "tar.zstd", "none": "tar"}


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Layer:
    """A layer as it travels, and the digest of the tar inside."""

    data: bytes
    compression: Compression
    diff_id: str

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    def unpacked(self) -> bytes:
        if self.compression == "gzip":
            return gzip.decompress(self.data)
        assert self.compression == "none"
        return self.data


@dataclass(frozen=True)
class Image:
    """A manifest or an index with everything below it."""

    body: bytes
    media_type: str
    config: bytes = b""
    layers: tuple[Layer, ...] = ()
    children: tuple[Image, ...] = ()
    platform: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return digest_of(self.body)

    @property
    def blobs(self) -> dict[str, bytes]:
        """Every blob of this manifest and of those below, not the manifests themselves."""
        own = {layer.digest: layer.data for layer in self.layers}
        if self.config:
            own[digest_of(self.config)] = self.config
        for child in self.children:
            own |= child.blobs
        return own

    def descriptor(self) -> dict[str, Any]:
        found: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body)}
        if self.platform:
            found["platform"] = dict(self.platform)
        if self.annotations:
            found["annotations"] = dict(self.annotations)
        return found


def layer(seed: object, size: int = 2000, compression: Compression = "gzip") -> Layer:
    """A layer with one file of ``size`` random bytes: the same for the same arguments, unlike any other."""
    chance = random.Random(str(seed))  # noqa: S311 (content for tests)
    content = b"".join(chance.randbytes(min(_PIECE, size - start)) for start in range(0, size, _PIECE))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(f"data/{seed}")
        entry.size = size
        tar.addfile(entry, io.BytesIO(content))
    plain = buffer.getvalue()
    if compression == "gzip":
        data = gzip.compress(plain, compresslevel=1, mtime=0)
    elif compression == "zstd":
        data = subprocess.run(["zstd", "-q", "-c"], input=plain, capture_output=True, check=True).stdout
    else:
        data = plain
    return Layer(data, compression, digest_of(plain))


def image(
    *layers: Layer,
    arch: str = "amd64",
    os: str = "linux",
    variant: str = "",
    oci: bool = True,
    label: str = "",
    config_type: str | None = None,
    layer_type: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Image:
    """One platform's image; ``extra`` goes into its manifest, the types replace the ordinary ones."""
    layers = layers or (layer(f"{arch}{label}"),)
    config = {
        "architecture": arch,
        "os": os,
        "config": {"Labels": {"label": label}},
        "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
        "history": [{"created_by": "test"} for _ in layers],
    }
    if variant:
        config["variant"] = variant
    encoded = json.dumps(config).encode()
    types = _OCI_LAYER if oci else _DOCKER_LAYER
    prefix = "application/vnd.oci.image.layer.v1." if oci else "application/vnd.docker.image.rootfs.diff."
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST if oci else DOCKER_MANIFEST,
        "config": {
            "mediaType": config_type or (OCI_CONFIG if oci else DOCKER_CONFIG),
            "digest": digest_of(encoded),
            "size": len(encoded),
        },
        "layers": [
            {
                "mediaType": layer_type or prefix + types[one.compression],
                "digest": one.digest,
                "size": len(one.data),
            }
            for one in layers
        ],
        **(extra or {}),
    }
    platform = {"architecture": arch, "os": os} | ({"variant": variant} if variant else {})
    body = json.dumps(manifest, indent=3).encode()  # odd spacing: bytes must survive as they are
    return Image(body, manifest["mediaType"], encoded, tuple(layers), (), platform)


def index(*children: Image, oci: bool = True, platform: Mapping[str, str] | None = None) -> Image:
    """An index (or manifest list) of images and of other indexes."""
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX if oci else DOCKER_INDEX,
        "manifests": [child.descriptor() for child in children],
    }
    return Image(
        json.dumps(body, indent=3).encode(), str(body["mediaType"]), children=children, platform=platform or {}
    )


def attestation(subject: Image) -> Image:
    """What buildkit adds to an index: a manifest for unknown/unknown that describes another manifest."""
    statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "subject": subject.digest}).encode()
    config = json.dumps({"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": []}})
    blob = Layer(statement, "none", digest_of(statement))
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config.encode()), "size": len(config)},
        "layers": [{"mediaType": IN_TOTO, "digest": blob.digest, "size": len(statement)}],
    }
    return Image(
        json.dumps(body).encode(),
        OCI_MANIFEST,
        config.encode(),
        (blob,),
        platform={"architecture": "unknown", "os": "unknown"},
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject.digest,
        },
    )


def both_arches(seed: object, *shared: Layer, oci: bool = True) -> Image:
    """The ordinary case: an index of linux/amd64 and linux/arm64."""
    return index(
        image(*shared, layer(f"{seed} amd64"), arch="amd64", oci=oci, label=str(seed)),
        image(*shared, layer(f"{seed} arm64"), arch="arm64", oci=oci, label=str(seed)),
        oci=oci,
    )


def push(image_: Image, host: str, repository: str, tag: str, *, login: tuple[str, str] | None = None) -> str:
    """Upload by the distribution protocol, and return the digest that the tag then has."""
    headers = {}
    if login:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        for digest, data in image_.blobs.items():
            if _call(connection, "HEAD", f"/v2/{repository}/blobs/{digest}", headers).status == 200:
                continue
            place = _call(connection, "POST", f"/v2/{repository}/blobs/uploads/", headers).headers["Location"]
            path = "/" + place.split("://", 1)[-1].split("/", 1)[1]
            _call(connection, "PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}", headers, data, expect=201)
        _push_manifests(connection, image_, repository, tag, headers)
    finally:
        connection.close()
    return image_.digest


def _push_manifests(
    connection: http.client.HTTPConnection, image_: Image, repository: str, name: str, headers: dict[str, str]
) -> None:
    for child in image_.children:
        _push_manifests(connection, child, repository, child.digest, headers)
    typed = {**headers, "Content-Type": image_.media_type}
    _call(connection, "PUT", f"/v2/{repository}/manifests/{name}", typed, image_.body, expect=201)


def _call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    expect: int | None = None,
) -> http.client.HTTPResponse:
    connection.request(method, path, body=body, headers=dict(headers))
    response = connection.getresponse()
    text = response.read()
    if (response.status >= 400 and response.status != 404) or expect not in (None, response.status):
        raise RuntimeError(f"{method} {path}: {response.status} {text[:500]!r}")
    return response


def write_docker_archive(path: Path, named: Mapping[str, Image], *, compress: bool = False) -> None:
    """What ``docker save`` writes: manifest.json, configs and unpacked layers."""
    files: dict[str, bytes] = {}
    entries = []
    for name, one in named.items():
        config = f"{hashlib.sha256(one.config).hexdigest()}.json"
        files[config] = one.config
        layers = []
        for number, part in enumerate(one.layers):
            file = f"{hashlib.sha256(f'{name}{number}'.encode()).hexdigest()}/layer.tar"
            files[file] = part.unpacked()
            layers.append(file)
        entries.append({"Config": config, "RepoTags": [name] if name else None, "Layers": layers})
    files["manifest.json"] = json.dumps(entries).encode()
    write_tar(path, files, compress=compress)


def write_oci_archive(path: Path, *images: tuple[str, Image], compress: bool = False) -> None:
    """A tar of an OCI layout; each image with its ref name (empty: none)."""
    write_tar(path, layout_files(*images), compress=compress)


def layout_files(*images: tuple[str, Image]) -> dict[str, bytes]:
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
    entries: Sequence[dict[str, Any]] = []
    for name, one in images:
        descriptor = one.descriptor()
        if name:
            descriptor["annotations"] = {"org.opencontainers.image.ref.name": name}
        entries = [*entries, descriptor]
        for digest, data in (one.blobs | _manifests(one)).items():
            files[f"blobs/sha256/{digest.removeprefix('sha256:')}"] = data
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    return files


def _manifests(one: Image) -> dict[str, bytes]:
    found = {one.digest: one.body}
    for child in one.children:
        found |= _manifests(child)
    return found


def write_tar(path: Path, files: Mapping[str, bytes], *, compress: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz" if compress else "w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
