"""Images that known operators start by names inside their programs, as data with a source for each row (pure).

A row speaks for an operator's own image, wherever it is deployed from and whichever registry it is taken from. Its
names are siblings: same registry and owner, and the operator's own tag where nothing else is written. What a release
does not have, its registry denies when the images are looked up, and it is then left out with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from action.discovery.evidence.hits import Hit
from action.discovery.evidence.literals import literal
from action.model.findings import Source
from action.model.reference import ImageReference


class Pulls(NamedTuple):
    """``operator`` is the end of the path of its image. ``names`` are siblings, each ``<name>`` or ``<name>:<tag>``:
    ``{tag}`` stands for the operator's tag, ``{version}`` for the part of it before the first dash.

    ``source`` is where the project says so, below https://github.com/.
    """

    operator: str
    names: tuple[str, ...]
    source: str


PULLS = (
    Pulls(
        "grafana/agent-operator",
        ("agent",),
        "grafana/agent/blob/main/static/operator/defaults.go",
    ),
    Pulls(
        "jaegertracing/jaeger-operator",
        ("all-in-one", "jaeger-agent", "jaeger-collector", "jaeger-query"),
        "jaegertracing/jaeger-operator/blob/main/pkg/cmd/start/main.go and versions.txt",
    ),
    Pulls(
        "jetstack/cert-manager-controller",
        ("cert-manager-acmesolver",),
        "cert-manager/cert-manager/blob/master/internal/apis/config/controller/v1alpha1/defaults.go",
    ),
    Pulls(
        "karmada/karmada-operator",
        (
            "karmada-aggregated-apiserver",
            "karmada-controller-manager",
            "karmada-descheduler",
            "karmada-metrics-adapter",
            "karmada-scheduler",
            "karmada-search",
            "karmada-webhook",
        ),
        "karmada-io/karmada/blob/master/operator/pkg/apis/operator/v1alpha1/defaults.go",
    ),
    Pulls(
        "kiali/kiali-operator",
        ("kiali",),
        "kiali/kiali-operator/blob/master/playbooks/kiali-default-supported-images.yml",
    ),
    Pulls(
        "kubevirt/virt-operator",
        (
            "pr-helper",
            "sidecar-shim",
            "virt-api",
            "virt-controller",
            "virt-exportproxy",
            "virt-exportserver",
            "virt-handler",
            "virt-launcher",
            "virt-synchronization-controller",
        ),
        "kubevirt/kubevirt/tree/main/pkg/virt-operator/resource/generate/components",
    ),
    Pulls(
        "minio/operator",
        ("operator-sidecar",),
        "minio/operator/blob/master/pkg/resources/statefulsets/minio-sidecar.go",
    ),
    Pulls(
        "mysql/community-operator",
        ("community-server:{version}", "community-router:{version}"),
        "mysql/mysql-operator/blob/trunk/mysqloperator/controller/config.py",
    ),
    Pulls(
        "opentelemetry-operator/opentelemetry-operator",
        ("target-allocator",),
        "open-telemetry/opentelemetry-operator/blob/main/internal/config/config.go and versions.txt",
    ),
    Pulls(
        "prometheus-operator/prometheus-operator",
        ("prometheus-config-reloader",),
        "prometheus-operator/prometheus-operator/blob/main/pkg/operator/defaults.go",
    ),
    Pulls(
        "submariner/submariner-operator",
        (
            "lighthouse-agent",
            "lighthouse-coredns",
            "nettest",
            "submariner-gateway",
            "submariner-globalnet",
            "submariner-route-agent",
        ),
        "submariner-io/submariner-operator/blob/devel/pkg/names/names.go",
    ),
    Pulls(
        "velero/velero",
        ("velero-restore-helper",),
        "vmware-tanzu/velero/blob/v1.14.0/internal/velero/images.go",
    ),
    Pulls(
        "victoriametrics/operator",
        ("operator:config-reloader-{tag}",),
        "VictoriaMetrics/operator/blob/master/internal/config/config.go",
    ),
)

# What tigera/operator starts for its default resources, all of the Calico version that its own version has:
# https://github.com/tigera/operator/blob/v1.38.6/pkg/components/calico.go; calico/whisker and what belongs to it
# came with v3.30.
_CALICO = (
    "apiserver",
    "cni",
    "csi",
    "kube-controllers",
    "node",
    "node-driver-registrar",
    "pod2daemon-flexvol",
    "typha",
)
_CALICO_SINCE_3_30 = ("goldmane", "whisker", "whisker-backend")
# The Calico version of each patch release of a series, from 0 on, as its config/calico_versions.yml has it:
# https://github.com/tigera/operator/tree/v1.38.6/config
_CALICO_VERSIONS = {
    "v1.34": (
        "3.28.0 3.28.0 3.28.0 3.28.1 3.28.1 3.28.2 3.28.2 3.28.2 3.28.3 3.28.3 3.28.4 3.28.4 3.28.4 3.28.5 3.28.5"
    ),
    "v1.36": (
        "3.29.0 3.29.0 3.29.1 3.29.1 3.29.1 3.29.2 3.29.2 3.29.3 3.29.3 3.29.4 3.29.4 3.29.4 "
        "3.29.5 3.29.5 3.29.6 3.29.6 3.29.7"
    ),
    "v1.38": (
        "3.30.0 3.30.1 3.30.1 3.30.2 3.30.2 3.30.2 3.30.3 3.30.4 3.30.4 3.30.5 3.30.5 3.30.6 "
        "3.30.6 3.30.7 3.30.7 3.30.7 3.30.7"
    ),
    "v1.40": (
        "3.31.0 3.31.1 3.31.2 3.31.3 3.31.3 3.31.3 3.31.3 3.31.4 3.31.5 3.31.5 3.31.5 3.31.5 "
        "3.31.5 3.31.6 3.31.6 3.31.7"
    ),
}
_TIGERA = "tigera/operator"
_WITH_WHISKER = ("v1.38", "v1.40")
_CALICO_AT_QUAY = ("v1.40",)


def known_pulls(hits: Sequence[Hit]) -> list[Hit]:
    """A likely hit for each image that an operator among ``hits``, which are to be carried, is known to pull.

    Nothing where one of them has the same name already, since the deployment then says by itself what is pulled, nor
    for an operator whose tag says no version.
    """
    paths = {hit.reference.path for hit in hits}
    operators = {hit.reference: hit for hit in sorted(hits, key=lambda hit: hit.source, reverse=True)}
    return [
        Hit(known.reference, "likely", _source(operator), f"known to be pulled by {operator.reference}")
        for operator in operators.values()
        for text in _names(operator.reference, paths)
        if (known := literal(text)) is not None
    ]


def is_known_operator(image: ImageReference) -> bool:
    """Whether the table has the image."""
    return any(_is(image.path, path) for path in (_TIGERA, *(row.operator for row in PULLS)))


def _source(operator: Hit) -> Source:
    at = operator.source
    return Source(file=at.file, document=at.document, object=at.object, rule="known-operator", render=at.render)


def _names(operator: ImageReference, paths: Collection[str]) -> Iterator[str]:
    if operator.tag in (None, "latest"):
        return
    tag = str(operator.tag)
    if _is(operator.path, _TIGERA):
        yield from _calico(operator.domain, operator.path, tag, paths)
    owner = operator.path.rpartition("/")[0]
    basenames = {path.rpartition("/")[2] for path in paths}
    for row in PULLS:
        if not _is(operator.path, row.operator):
            continue
        for text in row.names:
            name, _, other_tag = text.partition(":")
            if name in basenames and not row.operator.endswith(f"/{name}"):
                continue
            pulled = other_tag.format(tag=tag, version=tag.partition("-")[0]) or tag
            yield f"{operator.domain}/{owner}/{name}:{pulled}"


def _is(path: str, end: str) -> bool:
    return path == end or path.endswith(f"/{end}")


def _calico(domain: str, path: str, tag: str, paths: Collection[str]) -> Iterator[str]:
    """Calico's own images; those of a copy of the operator elsewhere stand beside it."""
    series, _, patch = tag.rpartition(".")
    versions = _CALICO_VERSIONS.get(series, "").split()
    if not (patch.isascii() and patch.isdigit()) or int(patch) >= len(versions):
        return
    if domain == "quay.io" and series not in _CALICO_AT_QUAY:
        domain = "docker.io"
    for name in (*_CALICO, *(_CALICO_SINCE_3_30 if series in _WITH_WHISKER else ())):
        if not any(_is(other, f"calico/{name}") for other in paths):
            yield f"{domain}/{path.removesuffix(_TIGERA)}calico/{name}:v{versions[int(patch)]}"
