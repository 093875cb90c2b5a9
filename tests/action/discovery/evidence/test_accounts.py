"""Whose pods may create workloads: roles, who holds them, and the images that run so."""

from __future__ import annotations

import pytest

from action.discovery.evidence.roles import Accounts, accounts_with_built_in_roles, may_grant_workloads
from action.discovery.text.tree import Map
from action.discovery.text.yaml_reader import first_tree


def tree(text: str) -> Map:
    parsed = first_tree(text)
    assert isinstance(parsed, Map)
    return parsed


def binding(role: str, subject: str = "{kind: ServiceAccount, name: op}") -> Map:
    kind, _, name = role.partition("/")
    return tree(f"roleRef: {{kind: {kind}, name: {name}}}\nsubjects: [{subject}]")


def operators(role: Map, pod: str) -> list[str]:
    accounts, other = Accounts(creating={"Role/maker"}), Accounts()
    accounts.bind(role)
    other.run(tree(pod))
    accounts.add(other)
    return sorted(str(image) for image in accounts.operators())


POD = "serviceAccountName: op\ncontainers: [{image: quay.io/team/op:1}, {name: x}]"


@pytest.mark.parametrize("role", ["Role/maker", "ClusterRole/cluster-admin", "ClusterRole/edit"])
def test_the_image_of_a_pod_whose_account_holds_such_a_role(role: str) -> None:
    assert operators(binding(role), POD) == ["quay.io/team/op:1"]


@pytest.mark.parametrize(
    ("role", "pod"),
    [
        (binding("Role/reader"), POD),
        (binding("ClusterRole/maker"), POD),
        (binding("Role/maker", "{kind: User, name: op}"), POD),
        (binding("Role/maker"), "containers: [{image: quay.io/team/op:1}]"),
        (binding("Role/maker"), "serviceAccountName: op\nimage: quay.io/team/op:1"),
        (tree("subjects: [{kind: ServiceAccount, name: op}]"), POD),
    ],
)
def test_no_other_image_is_an_operators(role: Map, pod: str) -> None:
    assert operators(role, pod) == []


def test_a_pod_without_an_account_has_the_default_one() -> None:
    given = binding("Role/maker", "{kind: ServiceAccount, name: default}")
    assert operators(given, "containers: [{image: quay.io/team/op:1}]") == ["quay.io/team/op:1"]


def test_only_accounts_with_roles_of_the_cluster_are_told() -> None:
    assert accounts_with_built_in_roles(binding("ClusterRole/cluster-admin")) == ("op",)
    assert accounts_with_built_in_roles(binding("ClusterRole/view")) == ()
    assert accounts_with_built_in_roles(binding("ClusterRole/edit", "{kind: Group, name: people}")) == ()


def test_a_binding_is_worth_reading() -> None:
    assert may_grant_workloads("kind: ClusterRoleBinding\n")
    assert not may_grant_workloads("kind: Role\nverbs: [get]\n")
