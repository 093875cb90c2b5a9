"""The words of a helm or kubectl command -> what it installs (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from action.discover.rendering import SetOption

SET_FLAGS = frozenset({"--set", "--set-string", "--set-json", "--set-file", "--set-literal"})
# Options of `helm install`, `helm upgrade` and `helm template` that take a value: what is not here takes none.
_HELM_VALUED = SET_FLAGS | {
    "-f", "--values", "-n", "--namespace", "--ca-file", "--cert-file", "--key-file", "--keyring", "--description",
    "--history-max", "--labels", "-l", "--name-template", "--output", "-o", "--password", "--post-renderer",
    "--post-renderer-args", "--repo", "--timeout", "--username", "--version", "--kube-context", "--kubeconfig",
    "--kube-apiserver", "--kube-as-group", "--kube-as-user", "--kube-ca-file", "--kube-tls-server-name",
    "--kube-token", "--kube-version", "-a", "--api-versions", "--registry-config", "--repository-cache",
    "--repository-config", "--burst-limit", "--qps", "--output-dir", "-s", "--show-only", "--release-name",
}  # fmt: skip
_KUBECTL_VALUED = frozenset(
    {
        "-f", "--filename", "-k", "--kustomize", "-n", "--namespace", "-l", "--selector", "-o", "--output",
        "--context", "--kubeconfig", "--cluster", "--user", "-s", "--server", "--token", "--field-manager",
        "--timeout", "--prune-allowlist", "--grace-period", "--as", "--as-group", "--request-timeout", "--image",
        "--type", "-p",
    }
)  # fmt: skip
_PREFIXES = frozenset({"sudo", "exec", "env", "time", "nohup", "command", "eval", "then", "else", "do", "!", "{", "("})
_SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh", "source", "."})
_VARIABLE = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmCommand:
    """``chart``, ``values`` and ``directory`` are as the command says them; ``repository`` is its ``--repo``."""

    chart: str
    release: str
    namespace: str
    values: tuple[str, ...]
    sets: tuple[SetOption, ...]
    repository: str | None
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KubectlCommand:
    """The files, directories and URLs that ``kubectl apply``, ``create`` or ``replace`` reads."""

    files: tuple[str, ...]
    kustomizations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCall:
    """A script that is called, with its arguments; ``text`` instead of ``path`` for ``sh -c``."""

    path: str | None
    text: str | None
    arguments: tuple[str, ...]


PlanCommand = HelmCommand | KubectlCommand | ScriptCall


def plan_command(words: Sequence[str]) -> PlanCommand | None:
    """What the command means for the plan, None when it installs nothing."""
    rest = list(words)
    while rest and (rest[0] in _PREFIXES or _VARIABLE.fullmatch(rest[0])):
        rest.pop(0)
    if rest[:1] == ["timeout"]:
        while len(rest) > 1 and rest[1].startswith("-"):
            rest.pop(1)
        rest = rest[2:]
    if not rest:
        return None
    program = rest[0].rpartition("/")[2]
    if program == "helm":
        return _helm(rest[1:])
    if program in ("kubectl", "oc") or (program in ("k3s", "microk8s") and rest[1:2] == ["kubectl"]):
        return _kubectl(rest[1:] if program in ("kubectl", "oc") else rest[2:])
    return _script(rest)


def _helm(words: list[str]) -> HelmCommand | None:
    names: list[str] = []
    values: list[str] = []
    sets: list[SetOption] = []
    single: dict[str, str] = {}
    generated = False
    for flag, value in _options(words, _HELM_VALUED):
        if flag == "":
            names.append(value)
        elif flag in ("-f", "--values"):
            values += [part for part in value.split(",") if part]
        elif flag in SET_FLAGS:
            sets.append(SetOption(flag=flag, text=value))
        elif flag in ("-g", "--generate-name"):
            generated = True
        else:
            single[flag] = value
    if not names or names[0] not in ("install", "upgrade", "template"):
        return None
    names = names[1:]
    if not names:
        return None
    release, chart = ("", names[0]) if generated or len(names) == 1 else (names[0], names[1])
    return HelmCommand(
        chart=chart,
        release=release,
        namespace=single.get("-n") or single.get("--namespace") or "",
        values=tuple(values),
        sets=tuple(sets),
        repository=single.get("--repo"),
        version=single.get("--version"),
    )


def _kubectl(words: list[str]) -> KubectlCommand | None:
    verbs: list[str] = []
    files: list[str] = []
    kustomizations: list[str] = []
    for flag, value in _options(words, _KUBECTL_VALUED):
        if flag == "":
            verbs.append(value)
        elif flag in ("-f", "--filename"):
            files += [part for part in value.split(",") if part and part != "-"]
        elif flag in ("-k", "--kustomize"):
            kustomizations.append(value)
    if not verbs or verbs[0] not in ("apply", "create", "replace") or not (files or kustomizations):
        return None
    return KubectlCommand(files=tuple(files), kustomizations=tuple(kustomizations))


def _options(words: list[str], valued: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Pairs of option and value in order; the option of a plain word is empty."""
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if not word.startswith("-") or word == "-":
            yield "", word
        elif word.startswith("--"):
            flag, equals, value = word.partition("=")
            if not equals and flag in valued:
                value = words[index] if index < len(words) else ""
                index += 1
            yield flag, value
        elif word[:2] in valued:
            value = word[2:].removeprefix("=")
            if len(word) == 2:
                value = words[index] if index < len(words) else ""
                index += 1
            yield word[:2], value
        else:
            yield word, ""


def _script(words: list[str]) -> ScriptCall | None:
    if words[0].rpartition("/")[2] not in _SHELLS:
        if words[0].endswith(".sh") or words[0].startswith("./"):
            return ScriptCall(path=words[0], text=None, arguments=tuple(words[1:]))
        return None
    for index, word in enumerate(words[1:], 1):
        if word.startswith("-") and "c" in word and not word.startswith("--"):
            text = words[index + 1] if index + 1 < len(words) else ""
            return ScriptCall(path=None, text=text, arguments=tuple(words[index + 2 :]))
        if not word.startswith(("-", "+")):
            return ScriptCall(path=word, text=None, arguments=tuple(words[index + 1 :]))
    return None
