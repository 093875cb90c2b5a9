"""What the kind of an object says about the images in it (pure)."""

from __future__ import annotations

from action.discovery.text.tree import Map, Text

_POLICY_GROUPS = ("kyverno.io/", "constraints.gatekeeper.sh/", "templates.gatekeeper.sh/", "policies.kubewarden.io/")
_SILENT_KINDS = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "ImageContentSourcePolicy",
        "ImageDigestMirrorSet",
        "ImageTagMirrorSet",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Role",
        "RoleBinding",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)


def api_version(node: Map) -> str:
    """The object's ``apiVersion``, empty when it has none."""
    value = node.get("apiVersion")
    return str(value) if isinstance(value, Text) else ""


def kind(node: Map) -> str:
    """The object's ``kind``, empty when it is not an object."""
    value = node.get("kind")
    return str(value) if isinstance(value, Text) else ""


def name(node: Map) -> str:
    """``Kind/name`` as a user says it; the kind alone when the object has no name."""
    metadata = node.get("metadata")
    title = metadata.get("name") or metadata.get("generateName") if isinstance(metadata, Map) else None
    return f"{kind(node)}/{title}" if isinstance(title, Text) else kind(node)


def is_silent(node: Map) -> bool:
    """Whether nothing in the object is ever run: roles, webhooks, and policies that match image names."""
    if kind(node) in _SILENT_KINDS:
        return True
    return bool(kind(node)) and api_version(node).startswith(_POLICY_GROUPS)


def is_schema(node: Map) -> bool:
    """Whether the object only describes others."""
    return kind(node) == "CustomResourceDefinition"


def is_test_hook(node: Map) -> bool:
    """Whether only ``helm test`` runs it."""
    metadata = node.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Map) else None
    hooks = annotations.get("helm.sh/hook") if isinstance(annotations, Map) else None
    if not isinstance(hooks, Text):
        return False
    events = {event.strip() for event in hooks.split(",")}
    return bool(events) and events <= {"test", "test-success", "test-failure"}


def fetched_at_run_time(node: Map) -> str | None:
    """What an object makes the cluster fetch by itself, as a sentence; None for all others."""
    spec = node.get("spec")
    if not isinstance(spec, Map):
        return None
    group, what = api_version(node).partition("/")[0], kind(node)
    if group == "helm.toolkit.fluxcd.io" and what == "HelmRelease":
        return _chart(node, spec, "chart", "spec")
    if group == "argoproj.io" and what in ("Application", "ApplicationSet"):
        return _chart(node, spec, "source")
    if group in ("helm.cattle.io", "k3s.cattle.io") and what == "HelmChart":
        return f"{name(node)} fetches the chart {spec.get('chart', '?')} {spec.get('version') or ''}".rstrip() + (
            " when it runs: its images are not seen"
        )
    if group == "source.toolkit.fluxcd.io" and what in ("OCIRepository", "GitRepository", "HelmRepository", "Bucket"):
        return f"{name(node)} fetches {spec.get('url') or spec.get('endpoint') or 'its source'} when it runs"
    return None


def _chart(node: Map, spec: Map, *path: str) -> str:
    where: object = spec
    for step in path:
        where = where.get(step) if isinstance(where, Map) else None
    if not isinstance(where, Map):
        return f"{name(node)} fetches what it installs when it runs: its images are not seen"
    title = where.get("chart") or where.get("repoURL") or where.get("path") or "?"
    version = where.get("version") or where.get("targetRevision") or ""
    return f"{name(node)} fetches {title} {version}".rstrip() + " when it runs: its images are not seen"
