"""A kubeadm configuration in the context: the images of the control plane that it asks for."""

from __future__ import annotations

from action.discovery.evidence.hits import Found, Hit
from action.discovery.evidence.literals import literal
from action.discovery.objects.kinds import kind
from action.discovery.text.context_files import ContextFiles
from action.discovery.text.tree import Document, Map, Text
from action.discovery.text.yaml_reader import documents
from action.errors import InputError
from action.model.findings import Source

_DEFAULT_REPOSITORY = "registry.k8s.io"
_COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")


def kubeadm_images(files: ContextFiles) -> Found:
    """The four components of the version in every ``ClusterConfiguration`` below ``etc/`` and ``manifests/``."""
    found = Found()
    for folder in ("etc", "manifests"):
        for name in files.below(folder, (".yaml", ".yml", ".json", ".conf")):
            try:
                text = files.text(name)
            except InputError:
                continue  # the scan of manifests reports it; below etc/ anything may stand
            if "ClusterConfiguration" in text:
                for document in documents(text, name):
                    if isinstance(document, Document) and isinstance(document.root, Map):
                        _configuration(document.root, document.number, name, found)
    return found


def _configuration(root: Map, number: int, name: str, found: Found) -> None:
    version = root.get("kubernetesVersion")
    if kind(root) != "ClusterConfiguration" or not isinstance(version, Text):
        return
    tag = version if version.startswith("v") else f"v{version}"
    repository = str(root.get("imageRepository") or _DEFAULT_REPOSITORY)
    for component in _COMPONENTS:
        known = literal(f"{repository}/{component}:{tag}")
        if known is None:
            return
        source = Source(
            file=name,
            document=number,
            object="ClusterConfiguration",
            field="kubernetesVersion",
            rule="kubeadm",
            line=version.line,
        )
        found.hits.append(Hit(known.reference, "likely", source, f"kubeadm runs it for Kubernetes {tag}"))
    found.blind_spots.append(
        f"{name}: kubeadm {tag} also runs etcd, coredns and pause in versions of its own: "
        "list what `kubeadm config images list` prints in images/shim"
    )
