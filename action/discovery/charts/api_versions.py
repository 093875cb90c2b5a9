"""The API versions that templates ask for, and those that the context itself brings (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ASKED = re.compile(r"APIVersions\.Has\s+\(?[^\"'`\n]{0,40}?[\"'`]([\w./-]+)[\"'`]")
_FORMATTED = re.compile(r"^%|%[sv]")
_CRD = re.compile(r"^kind:\s*[\"']?CustomResourceDefinition", re.MULTILINE)
_GROUP = re.compile(r"^  group:\s*[\"']?([\w.-]+)", re.MULTILINE)
_KIND = re.compile(r"^    kind:\s*[\"']?(\w+)", re.MULTILINE)
_VERSION = re.compile(r"^  (?:  )?(?:- |  )name:\s*[\"']?(v\d\w*)", re.MULTILINE)

# What a cluster of our Kubernetes version serves of its own, https://kubernetes.io/docs/reference/generated/kubernetes-api/
BUILT_IN = frozenset(
    {
        "v1", "admissionregistration.k8s.io/v1", "apiextensions.k8s.io/v1", "apiregistration.k8s.io/v1", "apps/v1",
        "authentication.k8s.io/v1", "authorization.k8s.io/v1", "autoscaling/v1", "autoscaling/v2", "batch/v1",
        "certificates.k8s.io/v1", "coordination.k8s.io/v1", "discovery.k8s.io/v1", "events.k8s.io/v1",
        "flowcontrol.apiserver.k8s.io/v1", "networking.k8s.io/v1", "node.k8s.io/v1", "policy/v1",
        "rbac.authorization.k8s.io/v1", "resource.k8s.io/v1", "scheduling.k8s.io/v1", "storage.k8s.io/v1",
    }
)  # fmt: skip
# Served once and gone: a branch that asks for one of these runs on no cluster that this image is for.
_GONE = re.compile(r"(?:^|/)(?:v1beta\d|v1alpha\d|v2beta\d)(?:/|$)")
_CORE_GROUPS = re.compile(r"^(?:[a-z]+|[a-z.]+\.k8s\.io)/")


def asked_versions(templates: Iterable[str]) -> set[str]:
    """The literal arguments of ``.Capabilities.APIVersions.Has`` in the texts of templates."""
    return {name for text in templates for name in _ASKED.findall(text) if not _FORMATTED.search(name)}


def served(asked: set[str]) -> set[str]:
    """Of what is asked, what every current cluster serves: kinds of built-in groups, named one by one."""
    return {name for name in asked if name.rpartition("/")[0] in BUILT_IN}


def optional(asked: set[str], known: set[str]) -> set[str]:
    """Of what is asked, what only some clusters serve."""
    return {
        name
        for name in asked - known - BUILT_IN
        if not (_GONE.search(name) and _CORE_GROUPS.match(name)) and name.rpartition("/")[0] not in BUILT_IN
    }


def defined_versions(texts: Iterable[str]) -> set[str]:
    """The API versions of the CustomResourceDefinitions in manifests and ``crds/`` files, with and without kind."""
    found: set[str] = set()
    for text in texts:
        if not _CRD.search(text):
            continue
        for document in re.split(r"^---", text, flags=re.MULTILINE):
            group = _GROUP.search(document) if _CRD.search(document) else None
            if group is None:
                continue
            kind = _KIND.search(document)
            for version in _VERSION.findall(document):
                found.add(f"{group[1]}/{version}")
                if kind is not None:
                    found.add(f"{group[1]}/{version}/{kind[1]}")
    return found
