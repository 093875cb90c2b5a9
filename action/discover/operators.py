"""Operators that carry the names of the images they run inside their own binary: no scan of a chart can see those."""

from __future__ import annotations

from action.discover.chart_files import ChartFiles

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


def operator_notes(chart: ChartFiles) -> list[str]:
    """A sentence for a chart whose operator is known to pull images by names of its own."""
    hint = _EMBEDDING.get(chart.name)
    if hint is None:
        return []
    return [f"{chart.label}: the operator pulls images that only it names; list in images/shim {hint}"]
