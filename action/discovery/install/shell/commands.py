"""The words of a helm or kubectl command -> what it installs (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from action.discovery.helm.engine import SetOption
from action.discovery.install.words.unknowns import is_only_unknown

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
_SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh"})
INSTALLERS = frozenset(
    {
        "istioctl", "cilium", "velero", "kbcli", "flux", "linkerd", "vela", "kubeblocks", "dapr", "consul-k8s",
        "karmadactl", "clusterctl", "operator-sdk", "argocd", "tkn", "kn", "minikube", "k3sup", "subctl", "clusteradm",
    }
)  # fmt: skip
"""Programs whose ``install`` brings a product with images that only the program knows."""
_INSTALLING = frozenset({"install", "upgrade", "bootstrap", "init"})
_FOREIGN = frozenset(
    {"python", "python3", "python2", "make", "gmake", "perl", "ruby", "node", "ansible-playbook", "task", "just", "go"}
)
_VERBS = frozenset({"install", "upgrade", "template", "apply", "create", "replace", "run", "build"})
# What `kubectl create` makes of its own words, and what brings no image with it.
_NO_IMAGE = frozenset(
    {
        "namespace", "ns", "secret", "configmap", "cm", "serviceaccount", "sa", "role", "rolebinding", "clusterrole",
        "clusterrolebinding", "token", "quota", "priorityclass", "pc", "poddisruptionbudget", "pdb", "ingress", "ing",
        "service", "svc", "view-last-applied", "edit-last-applied", "set-last-applied",
    }
)  # fmt: skip
STDIN = "/dev/stdin"
"""The path of what a command reads from its standard input."""


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
    post_renderer: str | None = None
    prints: bool = False
    """Whether it only prints the objects."""
    more: bool = False
    """Whether a word that is known only when it runs may hold further options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubectlCommand:
    """The files, directories, URLs and kustomizations that a command of kubectl or kustomize applies, and the images
    that it names itself (``kubectl run --image``, ``kubectl set image``)."""

    files: tuple[str, ...] = ()
    kustomizations: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    prints: bool = False
    """Whether it only prints the objects, as ``kustomize build`` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCall:
    """A script that is called, with its arguments; ``text`` instead of ``path`` for ``sh -c``, neither when it reads
    its standard input."""

    path: str | None
    text: str | None
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfollowed:
    """A command that installs in a way that nothing here reads."""

    message: str


PlanCommand = HelmCommand | KubectlCommand | ScriptCall | Unfollowed


def plan_command(words: Sequence[str]) -> PlanCommand | None:
    """What the command means for the plan, None when it installs nothing. Its prefixes are off already."""
    rest = list(words)
    if not rest:
        return None
    program = rest[0].rpartition("/")[2]
    if program == "helm":
        return _helm(rest[1:])
    if program in ("kubectl", "oc") or (program in ("k3s", "microk8s", "k0s") and rest[1:2] == ["kubectl"]):
        return _kubectl(rest[1:] if program in ("kubectl", "oc") else rest[2:])
    if program == "kustomize":
        return _kustomize(rest[1:])
    if program == "helmfile":
        return Unfollowed(message="helmfile installs what its files list, which no scan reads; list it in images/shim")
    if program in INSTALLERS and any(word in _INSTALLING for word in rest[1:]):
        message = f"{program} installs what only {program} knows: list its images in images/shim"
        return Unfollowed(message=message)
    if program in _FOREIGN and len(rest) > 1 and not rest[1].startswith("--version"):
        return Unfollowed(message=f"{program} runs {' '.join(rest[1:3])}, which no scan reads")
    return _script(rest)


def mentions_install(words: Sequence[str]) -> bool:
    """Whether the words behind a program's name could install something, whatever the program is."""
    return any(word in _VERBS for word in words[:8])


def _helm(words: list[str]) -> HelmCommand | Unfollowed | None:
    names: list[str] = []
    values: list[str] = []
    sets: list[SetOption] = []
    single: dict[str, str] = {}
    generated = False
    for flag, value in _options(words, _HELM_VALUED):
        if flag == "":
            names.append(value)
        elif flag in ("-f", "--values"):
            values += [STDIN if part == "-" else part for part in value.split(",") if part]
        elif flag in SET_FLAGS:
            sets.append(SetOption(flag=flag, text=value))
        elif flag in ("-g", "--generate-name"):
            generated = True
        else:
            single[flag] = value
    if not names or names[0] not in ("install", "upgrade", "template"):
        return None
    verb, names = names[0], names[1:]
    if not names:
        return Unfollowed(message=f"helm {verb} names no chart that can be read")
    release, chart = ("", names[0]) if generated or len(names) == 1 else (names[0], names[1])
    return HelmCommand(
        chart=chart,
        release=release,
        namespace=single.get("-n") or single.get("--namespace") or "",
        values=tuple(values),
        sets=tuple(sets),
        repository=single.get("--repo"),
        version=single.get("--version"),
        post_renderer=single.get("--post-renderer"),
        prints=verb == "template",
        more=any(is_only_unknown(name) for name in names),
    )


def _kubectl(words: list[str]) -> KubectlCommand | Unfollowed | None:
    names: list[str] = []
    files: list[str] = []
    kustomizations: list[str] = []
    images: list[str] = []
    for flag, value in _options(words, _KUBECTL_VALUED):
        if flag == "":
            names.append(value)
        elif flag in ("-f", "--filename"):
            files += [STDIN if part == "-" else part for part in value.split(",") if part]
        elif flag in ("-k", "--kustomize"):
            kustomizations.append(value)
        elif flag == "--image":
            images.append(value)
    verb, rest = (names[0], names[1:]) if names else ("", [])
    if verb == "kustomize":
        return KubectlCommand(kustomizations=(rest[0] if rest else ".",), prints=True)
    if verb == "set" and rest[:1] == ["image"]:
        return KubectlCommand(images=tuple(word.partition("=")[2] for word in rest if "=" in word))
    if verb in ("run", "create") and images:
        return KubectlCommand(files=tuple(files), images=tuple(images))
    if verb not in ("apply", "create", "replace", "run") or (rest[:1] and rest[0] in _NO_IMAGE):
        return None
    if not files and not kustomizations:
        return Unfollowed(message=f"kubectl {verb} names nothing that can be read")
    return KubectlCommand(files=tuple(files), kustomizations=tuple(kustomizations))


def _kustomize(words: list[str]) -> KubectlCommand | None:
    names = [value for flag, value in _options(words, frozenset({"-o", "--output"})) if flag == ""]
    if names[:1] != ["build"]:
        return None
    return KubectlCommand(kustomizations=(names[1] if len(names) > 1 else ".",), prints=True)


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
    if words[0] in ("source", "."):
        return None  # that is the shell's own
    if words[0].rpartition("/")[2] not in _SHELLS:
        if words[0].endswith(".sh") or words[0].startswith("./"):
            return ScriptCall(path=words[0], text=None, arguments=tuple(words[1:]))
        return None
    index = 1
    while index < len(words):
        word = words[index]
        index += 1
        if word == "-s":
            return ScriptCall(path=None, text=None, arguments=tuple(words[index:]))
        if word in ("-O", "+O", "--rcfile", "--init-file") or (
            word[:1] in "-+" and word[1:2] != "-" and word[-1] == "o"
        ):
            index += 1
            if "c" not in word:
                continue
        if word.startswith("-") and "c" in word and not word.startswith("--"):
            text = words[index] if index < len(words) else ""
            return ScriptCall(path=None, text=text, arguments=tuple(words[index + 1 :]))
        if word == "-" or not word.startswith(("-", "+")):
            return ScriptCall(path=None if word == "-" else word, text=None, arguments=tuple(words[index:]))
    return ScriptCall(path=None, text=None, arguments=())
