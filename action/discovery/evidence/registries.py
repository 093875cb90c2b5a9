"""Which hosts are registries, and which look like one and are not: what decides about a text that no name explains."""

from __future__ import annotations

import re

# Public registries, by the documentation of each; the patterns are registries of one's own in a cloud.
_REGISTRIES = frozenset(
    {
        "ccr.ccs.tencentyun.com",
        "cgr.dev",
        "container-registry.oracle.com",
        "cr.fluentbit.io",
        "cr.kgateway.dev",
        "cr.l5d.io",
        "cr.weaviate.io",
        "docker.elastic.co",
        "docker.getcollate.io",
        "docker.io",
        "docker.redpanda.com",
        "gcr.io",
        "ghcr.io",
        "icr.io",
        "index.docker.io",
        "k8s.gcr.io",
        "lscr.io",
        "mcr.microsoft.com",
        "mirror.gcr.io",
        "nvcr.io",
        "oci.external-secrets.io",
        "public.ecr.aws",
        "quay.io",
        "reg.kyverno.io",
        "registry-1.docker.io",
        "registry.access.redhat.com",
        "registry.gitlab.com",
        "registry.istio.io",
        "registry.k8s.io",
        "registry.opensource.zalan.do",
        "registry.redhat.io",
        "xpkg.crossplane.io",
        "xpkg.upbound.io",
    }
)
_REGISTRY_LIKE = re.compile(
    r"(?:(?:us|eu|asia)\.gcr\.io|[a-z0-9-]+-docker\.pkg\.dev|[0-9]+\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com"
    r"(?:\.cn)?|[a-z0-9]+\.azurecr\.io|registry(?:-intl)?\.[a-z0-9-]+\.aliyuncs\.com|swr\.[a-z0-9-]+\.myhuaweicloud\.com"
    r"|[a-z0-9.-]*\bregistry\b[a-z0-9.-]*|hub\.[a-z0-9.-]+|harbor\.[a-z0-9.-]+)(?::[0-9]+)?"
)
# Prefixes of Kubernetes' labels and annotations, which must be DNS names and are followed by a slash as well:
# https://kubernetes.io/docs/reference/labels-annotations-taints/
_LABEL_PREFIX = re.compile(r"(?:[a-z0-9.-]+\.)?(?:kubernetes\.io|k8s\.io)|helm\.sh|meta\.helm\.sh")


def is_public_registry(domain: str) -> bool:
    """Whether the host is a registry for sure, so that one which does not answer is only unwell."""
    return domain in _REGISTRIES


def is_registry(domain: str) -> bool:
    """Whether the host is a public registry, or one whose name says that it is a registry."""
    return domain in _REGISTRIES or _REGISTRY_LIKE.fullmatch(domain) is not None


def is_label_prefix(domain: str) -> bool:
    """Whether the host is the prefix of a label, as in ``app.kubernetes.io/component:web``."""
    return not is_registry(domain) and _LABEL_PREFIX.fullmatch(domain) is not None
