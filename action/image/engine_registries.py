"""What builders must know of the registries that base images come from: plain HTTP, and what stands for what (pure).

https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md and
https://docs.docker.com/build/buildkit/toml-configuration/
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from action.image.bases import Base
from action.registry.hosts import Endpoint


def registries_conf(bases: Sequence[Base]) -> str:
    """For buildah: where to go for each host. It is complete, so that no file of the machine leads anywhere else."""
    found = ["unqualified-search-registries = []"]
    for domain, endpoint in sorted({(base.reference.domain, base.endpoint) for base in bases}):
        location = f"{endpoint.host}/{endpoint.prefix}".rstrip("/")
        insecure = "true" if _plain(endpoint) else "false"
        found.append(f"[[registry]]\nprefix = {_text(domain)}\nlocation = {_text(location)}\ninsecure = {insecure}")
    return "\n\n".join(found) + "\n"


def buildkitd_toml(bases: Sequence[Base]) -> str:
    """For BuildKit: which hosts speak plain HTTP. Empty when there is nothing to say, so that its own file counts."""
    hosts = sorted({base.endpoint.host for base in bases if _plain(base.endpoint)})
    return "\n".join(f"[registry.{_text(host)}]\nhttp = true\n" for host in hosts)


def _plain(endpoint: Endpoint) -> bool:
    return endpoint.base.startswith("http://")


def _text(value: str) -> str:
    return json.dumps(value)  # a JSON string is a basic string of TOML
