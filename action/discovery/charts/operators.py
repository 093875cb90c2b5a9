"""Operators that carry the names of the images they run inside their own binary: no scan of a chart can see those."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from action.discovery.charts.files import ChartFiles
from action.discovery.charts.known_pulls import is_known_operator
from action.model.findings import Finding
from action.model.reference import ImageReference

# Chart name -> where its project says which images the operator pulls. From the charts that the incumbent's catalogue
# completes with lists written by hand.
_EMBEDDING = {
    "awx-operator": "the operator's image sets, in its roles/*/defaults",
    "cloudnative-pg": "the PostgreSQL image that each Cluster names or defaults to",
    "community-operator": "the MongoDB and agent images of the operator's release notes",
    "eck-operator": "docker.elastic.co/<stack product>:<version> for every resource that is created",
    "gitlab-operator": "the images of the GitLab version in the operator's release notes",
    "kafka-operator": "the envoy and cruise-control images of the operator's defaults",
    "kruise": "the image of the kruise-daemon version in the release notes",
    "milvus-operator": "etcd, minio, pulsar and milvus images of the charts that the operator embeds",
    "minio-operator": "the MinIO image that each Tenant names or defaults to",
    "openebs": "the jiva, cstor and mayastor images that its operators start",
    "piraeus-operator": "the LINSTOR and DRBD images in the operator's image configuration",
    "rancher": "the rancher-images.txt of the release: Rancher installs charts of its own",
    "tidb-operator": "the pd, tikv and tidb images of each TidbCluster",
    "tigera-operator": "`calico/*` images of the operator's own list: `docker run <operator> --print-images=list`",
    "trivy-operator": "the node-collector and scan job images",
    "vela-core": "the images of the addons that are enabled",
    "victoria-metrics-operator": "the VictoriaMetrics images of the operator's defaults",
    "vm-operator": "the VictoriaMetrics images of the operator's defaults",
}


# The same by the path of the operator's own image, which shows wherever it is deployed from: operators of the
# incumbent's catalogue whose lists hold images that a scan of their manifests does not give.
_STARTING = {
    "ansible/awx-operator": _EMBEDDING["awx-operator"],
    "aquasecurity/trivy-operator": _EMBEDDING["trivy-operator"],
    "eck/eck-operator": _EMBEDDING["eck-operator"],
    "eipwork/kuboard": "the kuboard-agent of its version, and the images of the add-ons that it offers",
    "gitlab-org/cloud-native/gitlab-operator": _EMBEDDING["gitlab-operator"],
    "kubesphere/ks-installer": "the images-list.txt of the KubeSphere release, for the components that are enabled",
    "minio/operator": _EMBEDDING["minio-operator"],
    "mongodb/mongodb-kubernetes-operator": _EMBEDDING["community-operator"],
    "mysql/community-operator": "mysql-server and mysql-router of the version that each InnoDBCluster has",
    "mysql/mysql-operator": "mysql-server and mysql-router of the version that each InnoDBCluster has",
    "piraeusdatastore/piraeus-operator": _EMBEDDING["piraeus-operator"],
    "pingcap/tidb-operator": _EMBEDDING["tidb-operator"],
    "rancher/rancher": _EMBEDDING["rancher"],
    "rook/ceph": "the Ceph CSI images (cephcsi and its sidecars) that the operator's version defaults to",
    "spotahome/redis-operator": "the redis image that each RedisFailover names or defaults to",
    "tigera/operator": _EMBEDDING["tigera-operator"],
    "victoriametrics/operator": _EMBEDDING["vm-operator"],
}


def chart_notes(chart: ChartFiles) -> list[str]:
    """A sentence for a chart whose operator is known to pull images by names of its own."""
    hint = _EMBEDDING.get(chart.name)
    if hint is None:
        return []
    return [f"{chart.label}: the operator pulls images that only it names; list in images/shim {hint}"]


def image_notes(images: Iterable[Finding], told: Collection[str]) -> list[str]:
    """The same for each image that is such an operator's, but for what ``told`` says already."""
    notes = []
    for image in images:
        hint = _STARTING.get(image.reference.path)
        if hint is not None and image.verdict != "uncertain" and not any(note.endswith(hint) for note in told):
            place = image.sources[0].file
            name = image.reference.path
            notes.append(f"{place}: {name} starts images that only it names; list in images/shim {hint}")
    return notes


def is_operator(image: ImageReference) -> bool:
    """Whether the image is one of those that start others by names of their own."""
    return image.path in _STARTING or is_known_operator(image)
