"""The install plan against bash itself: scripts made from a grammar run with programs that only write down their call.

Each command that bash runs must be in the plan as bash runs it, or the plan must say that there is something which it
cannot follow; and where every condition is decided, the plan has nothing that bash does not run.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from action.discovery.install.plan import InstallPlan, Step, read_install_plan
from action.discovery.install.shell.commands import STDIN, HelmCommand, KubectlCommand, plan_command
from action.discovery.install.words.unknowns import PLANNED, has_hard, without_soft
from tests.support.install_scripts import ENVIRONMENT, FILES, Script, script

Result = Literal["right", "reported", "silent"]
MADE = "#made"

# No process but its own, so that hundreds of scripts take seconds: what is read is read by the shell itself.
LOG = f"""#!/bin/bash
record=$'\\001'"${{0##*/}}"$'\\002'"$PWD"$'\\002'"$#"
texts=
for word in "$@"; do
  record+=$'\\002'"$word"
  text= part=
  if [ "$word" = - ]; then
    IFS= read -r -d '' text
  elif [ -d "$word" ]; then
    for file in "$word"/*.yaml; do
      [ -f "$file" ] && {{ IFS= read -r -d '' part < "$file"; text+=$part; }}
    done
  elif [ -f "$word" ] || [ -p "$word" ]; then
    IFS= read -r -d '' text < "$word"
  fi
  texts+=$'\\002'"$text"
done
printf %s "$record$texts" >> "$LOGS/all"
case "${{0##*/}} $*" in
  *"template "*|*"build "*|kubectl\\ kustomize*) echo "{MADE}" ;;
  "kubectl get ns no") exit 1 ;;
  *) echo done ;;
esac
"""
ENVSUBST = """#!/bin/bash
while IFS= read -r line; do
  while [[ $line =~ \\$\\{?([A-Za-z_][A-Za-z0-9_]*)\\}? ]]; do
    name=${BASH_REMATCH[1]}
    line=${line/"${BASH_REMATCH[0]}"/${!name}}
  done
  echo "$line"
done
"""


@dataclass(frozen=True)
class Ran:
    """One command as both sides write it down: texts of files instead of their names."""

    kind: str
    what: tuple[str, ...]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    for name in ("helm", "kubectl", "kustomize", "helmfile", "istioctl", "yq"):
        (folder / name).write_text(LOG)
    (folder / "envsubst").write_text(ENVSUBST)
    for path in folder.iterdir():
        path.chmod(0o755)
    return folder


def stage(folder: Path, made: Script) -> None:
    variables = " ".join(f'{name}="{value}"' for name, value in ENVIRONMENT.items())
    kubefile = f'FROM scratch\nENV {variables}\nCOPY . .\nCMD ["bash run.sh"]\n'
    for name, text in {**FILES, "run.sh": made.text, "Kubefile": kubefile}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def bash(folder: Path, logs: Path, programs: Path) -> list[Ran]:
    """What bash runs."""
    environment = {**ENVIRONMENT, "PATH": f"{programs}:/usr/bin:/bin", "LOGS": str(logs), "HOME": str(logs)}
    subprocess.run(
        ["bash", "run.sh"], cwd=folder, env=environment, capture_output=True, timeout=60, stdin=subprocess.DEVNULL
    )
    log = logs / "all"
    records = log.read_bytes().decode().split("\001")[1:] if log.exists() else []
    found = []
    for record in records:
        program, directory, count, *rest = record.split("\002")
        words, texts = rest[: int(count)], [text.rstrip("\n") for text in rest[int(count) :]]
        ran = _ran_by_bash(program, directory, words, dict(zip(words, texts, strict=True)), folder)
        found += [ran] if ran is not None else []
    return found


def _ran_by_bash(program: str, directory: str, words: list[str], texts: dict[str, str], root: Path) -> Ran | None:
    command = plan_command([program, *words])
    if isinstance(command, HelmCommand):
        values = [texts["-" if name == STDIN else name] for name in command.values]
        return _helm(command, os.path.relpath(posixpath.join(directory, command.chart), root), values, str(root))
    if isinstance(command, KubectlCommand):
        named = [texts["-" if name == STDIN else name] for name in command.files]
        folders = [os.path.relpath(posixpath.join(directory, name), root) for name in command.kustomizations]
        return _kubectl(command, named, folders)
    if program in ("istioctl", "helmfile"):
        return Ran(program, ())
    return None


def planned(plan: InstallPlan) -> list[Ran]:
    """What the plan says that is run."""
    found = []
    for step in plan.steps:
        command = step.command
        if isinstance(command, HelmCommand):
            values = [_text(plan, step, name) for name in command.values]
            found.append(_helm(command, step.path(command.chart) or ".", values, ""))
        else:
            texts = [_text(plan, step, name) for name in command.files]
            folders = [step.path(name) or "." for name in command.kustomizations]
            found.append(_kubectl(command, texts, folders))
    return found


def _text(plan: InstallPlan, step: Step, name: str) -> str:
    path = step.path(name)
    if path in step.written:
        return without_soft(step.written[path]).replace(PLANNED, f"{MADE}\n").rstrip("\n")
    file = plan.context / (plan.locate(path) or "missing")
    if file.is_dir():
        return "".join(part.read_text() for part in sorted(file.glob("*.yaml"))).rstrip("\n")
    return file.read_text().rstrip("\n") if file.is_file() else ""


def _helm(command: HelmCommand, chart: str, values: Iterable[str], root: str) -> Ran:
    sets = (f"{option.flag} {option.text.replace(root, '') if root else option.text}" for option in command.sets)
    return Ran("helm", (chart, command.release, command.namespace, *values, "|", *sets, str(command.prints)))


def _kubectl(command: KubectlCommand, texts: Iterable[str], folders: Iterable[str]) -> Ran:
    return Ran("kubectl", (*texts, "|", *folders, "|", *command.images, str(command.prints)))


def judge(made: Script, folder: Path, logs: Path, programs: Path) -> Result:
    """Whether the plan of a script is what bash does. The plan is read before bash writes into the folder.

    A report counts for a command only when it is about what is not followed, or about a value of that very command.
    """
    stage(folder, made)
    plan = read_install_plan(folder)
    ours = planned(plan)
    truth = bash(folder, logs, programs)
    known = {ran for ran in ours if not any(has_hard(text) for text in ran.what)}
    missing = [ran for ran in truth if ran not in known]
    extra = [ran for ran in known if ran not in truth]
    if not missing and (not extra or made.undecided):
        return "right"
    about_values = [spot for spot in plan.blind_spots if "scanned with a placeholder" in spot]
    others = [spot for spot in plan.blind_spots if spot not in about_values and not spot.endswith("if it were empty")]
    if others:
        return "reported"
    open_ended = [ran for ran in ours if ran not in known] if about_values else []
    explained = all(any(_fits(ran, one) for one in open_ended) for ran in missing)
    return "reported" if explained and (not extra or made.undecided) else "silent"


def _fits(ran: Ran, open_ended: Ran) -> bool:
    """Whether a command is what the plan says, but for the values that are known only when it runs."""
    pattern = re.sub("\ue000[0-9]+\ue001", "\0", "\1".join(open_ended.what))
    made = "(?s:.*)".join(re.escape(part) for part in pattern.split("\0"))
    return ran.kind == open_ended.kind and re.fullmatch(made, "\1".join(ran.what)) is not None


def judged(seeds: Iterable[int], tmp_path: Path, programs: Path) -> tuple[Counter[Result], list[str]]:
    results: Counter[Result] = Counter()
    silent = []
    for seed in seeds:
        folder, logs = tmp_path / f"{seed}", tmp_path / f"{seed}-logs"
        folder.mkdir()
        logs.mkdir()
        made = script(seed)
        result = judge(made, folder, logs, programs)
        results[result] += 1
        if result == "silent":
            silent.append(f"seed {seed}:\n{made.text}")
        shutil.rmtree(folder)
        shutil.rmtree(logs)
    return results, silent


@pytest.mark.real("bash")
@pytest.mark.parametrize("start", range(0, 500, 100))
def test_what_bash_runs_is_in_the_plan_or_reported(start: int, tmp_path: Path, programs: Path) -> None:
    results, silent = judged(range(start, start + 100), tmp_path, programs)
    assert not silent, "\n".join(silent)
    assert results["right"] >= 60, results


@pytest.mark.soak
@pytest.mark.real("bash")
@pytest.mark.parametrize("start", range(1000, 6000, 500))
def test_a_long_run_finds_nothing_silent(start: int, tmp_path: Path, programs: Path) -> None:
    _, silent = judged(range(start, start + 500), tmp_path, programs)
    assert not silent, "\n".join(silent)
