"""Roles that may create pods or workloads: whoever holds one may start images that no scan sees (pure).

Rules of a role: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
"""

from __future__ import annotations

import re

from action.discover.tree_lists import items, maps
from action.discover.yaml_tree import Map, Text

_GROUPS = {
    "pods": "",
    "replicationcontrollers": "",
    "daemonsets": "apps",
    "deployments": "apps",
    "replicasets": "apps",
    "statefulsets": "apps",
    "cronjobs": "batch",
    "jobs": "batch",
}
# Added to the roles of people (view, edit, admin), who install what they like: that is no operator.
_FOR_PEOPLE = "rbac.authorization.k8s.io/aggregate-to-"
_ROLE = re.compile(r"^kind:[ \t]*[\"']?(?:Cluster)?Role[\"']?[ \t]*$", re.MULTILINE)


def may_grant_workloads(text: str) -> bool:
    """Whether a document could be such a role, at a glance."""
    return _ROLE.search(text) is not None and ("create" in text or "*" in text)


def created_workloads(role: Map) -> tuple[str, ...]:
    """The kinds of workload, as resources in plural, that a Role or ClusterRole may create, sorted."""
    metadata = role.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Map) else None
    if isinstance(labels, Map) and any(name.startswith(_FOR_PEOPLE) for name in labels):
        return ()
    created: set[str] = set()
    for rule in maps(role.get("rules")):
        groups, resources, verbs = (_words(rule, field) for field in ("apiGroups", "resources", "verbs"))
        if verbs & {"create", "*"}:
            created |= {
                resource
                for resource, group in _GROUPS.items()
                if resources & {resource, "*"} and groups & {group, "*"}
            }
    return tuple(sorted(created))


def _words(rule: Map, field: str) -> set[str]:
    return {str(item) for item in items(rule.get(field)) if isinstance(item, Text)}
