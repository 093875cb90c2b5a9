"""Roles that may create pods or workloads: whoever holds one may start images that no scan sees (pure).

Rules of a role: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from action.discovery.evidence.literals import literal
from action.discovery.text.tree import Map, Text, items, maps
from action.model.reference import ImageReference

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
# Roles that every cluster has and that may create workloads:
# https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
_BUILT_IN = frozenset({"ClusterRole/cluster-admin", "ClusterRole/admin", "ClusterRole/edit"})
_ROLE = re.compile(r"^kind:[ \t]*[\"']?(?:Cluster)?Role(Binding)?[\"']?[ \t]*$", re.MULTILINE)


@dataclass(slots=True)
class Accounts:
    """Who may create workloads, by name: what objects say of roles, of who holds them, and of the pods that run so.

    ``creating`` are roles (``ClusterRole/web``), ``held`` pairs of a role and a service account, ``running`` pairs of
    a service account and an image. Namespaces are left out: charts often name them only when they are installed.
    """

    creating: set[str] = field(default_factory=set)
    held: set[tuple[str, str]] = field(default_factory=set)
    running: set[tuple[str, ImageReference]] = field(default_factory=set)

    def add(self, other: Accounts) -> None:
        self.creating |= other.creating
        self.held |= other.held
        self.running |= other.running

    def bind(self, binding: Map) -> None:
        """Take in a RoleBinding or ClusterRoleBinding."""
        role, accounts = _bound(binding)
        self.held |= {(role, account) for account in accounts}

    def run(self, pod: Map) -> None:
        """Take in the specification of a pod, if the mapping is one."""
        if "containers" not in pod:
            return
        account = str(pod.get("serviceAccountName") or pod.get("serviceAccount") or "default")
        for container in maps(pod.get("containers")):
            known = literal(str(container.get("image") or ""))
            if known is not None:
                self.running.add((account, known.reference))

    def operators(self) -> set[ImageReference]:
        """The images of the pods whose service account holds a role that may create workloads."""
        creating = self.creating | _BUILT_IN
        holders = {account for role, account in self.held if role in creating}
        return {image for account, image in self.running if account in holders}


def may_grant_workloads(text: str) -> bool:
    """Whether a document could be such a role, or say who holds one, at a glance."""
    role = _ROLE.search(text)
    return role is not None and (role[1] is not None or "create" in text or "*" in text)


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


def accounts_with_built_in_roles(binding: Map) -> tuple[str, ...]:
    """The service accounts to which a binding gives a role of the cluster that may create workloads, sorted."""
    role, accounts = _bound(binding)
    return tuple(sorted(accounts)) if role in _BUILT_IN else ()


def _bound(binding: Map) -> tuple[str, set[str]]:
    role = binding.get("roleRef")
    name = f"{role.get('kind')}/{role.get('name')}" if isinstance(role, Map) else ""
    subjects = maps(binding.get("subjects"))
    return name, {str(subject.get("name")) for subject in subjects if subject.get("kind") == "ServiceAccount"}


def _words(rule: Map, field: str) -> set[str]:
    return {str(item) for item in items(rule.get(field)) if isinstance(item, Text)}
