"""Kubefiles as they are written in the field -> the commands that will run."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.discovery.install.plan import InstallPlan, read_install_plan
from action.discovery.install.shell.commands import HelmCommand, KubectlCommand


def plan(tmp_path: Path, kubefile: str, **files: str) -> InstallPlan:
    (tmp_path / "Kubefile").write_text(f"FROM scratch\nCOPY . .\n{kubefile}\n")
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_install_plan(tmp_path)


def helm(found: InstallPlan) -> list[HelmCommand]:
    return [step.command for step in found.steps if isinstance(step.command, HelmCommand)]


@pytest.mark.parametrize(
    "line",
    [
        'CMD ["helm upgrade -i web charts/web -n ns --create-namespace --set a=1"]',
        'CMD ["helm", "upgrade", "-i", "web", "charts/web", "--namespace", "ns", "--set", "a=1"]',
        "CMD helm upgrade -i web charts/web --set=a=1 --namespace=ns",
        'CMD ["cp opt/x /usr/bin/", "helm -n ns upgrade --install web charts/web --set a=1 || true"]',
        'ENTRYPOINT ["/bin/sh", "-c", "KUBECONFIG=/x helm upgrade -i web charts/web -nns --set a=1"]',
        'ENV N=ns O="--set a=1"\nCMD ["helm upgrade -i web charts/web -n $(N) $(O)"]',
        'ENV N=ns O="--set a=1"\nCMD ["helm upgrade -i web charts/web -n ${N} $O"]',
        'CMD ["sudo timeout 60 helm upgrade -i web charts/web --timeout 5m -n ns --wait --set a=1"]',
    ],
)
def test_one_command_in_many_spellings(tmp_path: Path, line: str) -> None:
    (command,) = helm(plan(tmp_path, line))
    assert (command.release, command.chart, command.namespace) == ("web", "charts/web", "ns")
    assert [(option.flag, option.text) for option in command.sets] == [("--set", "a=1")]


def test_entry_points_and_commands_both_run(tmp_path: Path) -> None:
    found = plan(tmp_path, 'ENTRYPOINT ["helm install a charts/a"]\nCMD ["helm install b charts/b"]')
    assert [command.release for command in helm(found)] == ["a", "b"]


def test_only_the_last_cmd_counts(tmp_path: Path) -> None:
    found = plan(tmp_path, 'CMD ["helm install a charts/a"]\nCMD ["helm install b charts/b"]')
    assert [command.release for command in helm(found)] == ["b"]


ENABLE = """cd "$(dirname "${BASH_SOURCE[0]}")"
. ./lib.sh
helm install x$1 ../charts/web -f ../v.yaml
"""


def test_scripts_are_followed_with_their_arguments_and_directories(tmp_path: Path) -> None:
    found = plan(
        tmp_path,
        'ENV VERSION=v1\nCMD ["bash scripts/enable.sh $(VERSION)"]',
        **{"scripts__enable.sh": ENABLE, "scripts__lib.sh": "kubectl apply -f ../manifests/\n"},
    )
    kubectl, installed = found.steps
    assert isinstance(kubectl.command, KubectlCommand)
    assert kubectl.path(kubectl.command.files[0]) == "manifests"
    assert isinstance(installed.command, HelmCommand)
    assert installed.command.release == "xv1"
    assert installed.path(installed.command.chart) == "charts/web"
    assert (installed.file, installed.line) == ("scripts/enable.sh", 3)


def test_scripts_that_call_each_other_end(tmp_path: Path) -> None:
    found = plan(
        tmp_path, 'CMD ["bash a.sh"]', **{"a.sh": "bash b.sh\n", "b.sh": "bash a.sh\nhelm install w charts/w\n"}
    )
    assert [command.release for command in helm(found)] == ["w"]


def test_what_copy_moves_is_found_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "Kubefile").write_text(
        'FROM scratch\nCOPY tools/run.sh /opt/\nCOPY src/charts apps\nCMD ["sh opt/run.sh"]\n'
    )
    (tmp_path / "tools").mkdir()
    (tmp_path / "src/charts/web").mkdir(parents=True)
    (tmp_path / "tools/run.sh").write_text("helm install web apps/web\n")
    found = read_install_plan(tmp_path)
    (step,) = found.steps
    assert isinstance(step.command, HelmCommand)
    assert found.locate(step.path(step.command.chart)) == "src/charts/web"


def test_nothing_leads_out_of_the_context(tmp_path: Path) -> None:
    found = plan(tmp_path, 'CMD ["bash ../../../etc/profile", "kubectl apply -f ../../../etc"]')
    (step,) = found.steps
    assert isinstance(step.command, KubectlCommand)
    assert step.path(step.command.files[0]) == "etc"
    assert not found.scripts


@pytest.mark.parametrize(
    "line",
    [
        'CMD ["helm version"]',
        'CMD ["helm repo add a https://b"]',
        'CMD ["kubectl get pods"]',
        'CMD ["echo helm install"]',
        "",
    ],
)
def test_other_commands_install_nothing(tmp_path: Path, line: str) -> None:
    assert not plan(tmp_path, line).steps


def test_a_context_without_a_build_file_has_no_plan(tmp_path: Path) -> None:
    assert read_install_plan(tmp_path).steps == []


def test_a_broken_build_file_is_a_problem_of_the_scan(tmp_path: Path) -> None:
    (tmp_path / "Kubefile").write_text("FROM scratch\nNONSENSE x\n")
    assert [problem.line for problem in read_install_plan(tmp_path).problems] == [2]
