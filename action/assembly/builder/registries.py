"""What builders must know of the registries that base images come from: plain HTTP, and what stands for what (pure).

https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md and
https://docs.docker.com/build/buildkit/toml-configuration/
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from action.assembly.builder.bases import Base
from action.registry.http.hosts import Endpoint


def registries_conf(bases: Sequence[Base]) -> str:
    """For buildah: where to go for each host. It is complete, so that no file of the machine leads anywhere else."""
    found = ["unqualified-search-registries = []"]
    for domain, endpoint in sorted({(base.reference.domain, base.endpoint) for base in bases}):
        location = f"{endpoint.host}/{endpoint.prefix}".rstrip("/")
        lines = [f"prefix = {_text(domain)}", f"location = {_text(location)}", f"insecure = {_plain(endpoint)}"]
        found.append("\n".join(["[[registry]]", *lines]))
    return "\n\n".join(found) + "\n"


def buildkitd_toml(bases: Sequence[Base], authority: str | None) -> str:
    """For BuildKit: which hosts speak plain HTTP; left alone, it would try that on this machine in any case.

    ``authority`` is a file of certificates to trust beside those that BuildKit has: it runs in a container, to which
    buildx copies the file.
    """
    endpoints = {base.endpoint.host: base.endpoint for base in bases}
    found = []
    for host, endpoint in sorted(endpoints.items()):
        found += [f"[registry.{_text(host)}]", f"http = {_plain(endpoint)}"]
        found += [f"ca = [{_text(authority)}]"] if authority else []
    return "".join(f"{line}\n" for line in found)


def _plain(endpoint: Endpoint) -> str:
    return "true" if endpoint.base.startswith("http://") else "false"


def _text(value: str) -> str:
    return json.dumps(value)  # a JSON string is a basic string of TOML
