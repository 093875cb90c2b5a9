"""Templates as ``sealos run`` renders them, below ``etc/``, ``scripts/`` and ``manifests/``.

Two passes (lifecycle/pkg/utils/strings/strings.go and cmd/sealctl/cmd/render.go of Sealos): ``*.tmpl`` where Sealos
runs, which an error ends, then ``*.tpl`` and ``*.tmpl`` on the node by sealctl, whose errors go unnoticed. All the
files of a pass share one template set, in the order of a walk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from action.discovery.evidence.hits import Found, Hit
from action.discovery.evidence.literals import literal_images
from action.discovery.helm.engine import HelmEngine
from action.discovery.sealos_run.for_helm import Guess
from action.discovery.sealos_run.go_template import Token, tokens
from action.discovery.sealos_run.template_set import Failure, render_set
from action.discovery.text.context_rules import rendered_name, templates
from action.discovery.text.files import read_text, relative
from action.errors import InputError, Problem
from action.model.findings import Source
from generator.errors import Severity

_SYSTEM = "SEALOS_SYS_"
_HINT = "use the functions of Sealos: sprig's, and toYaml, fromYaml, toToml, toJson, fromJson, env, ipAt, ipNet"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What templates become, by the name that each gets. ``others`` has the text of those that may come otherwise."""

    texts: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)


def render_templates(
    context: Path, environment: Mapping[str, str], engine: HelmEngine | None, *, base: bool = False
) -> tuple[Rendered, Found]:
    """What every template of the context becomes, and what was found on the way.

    ``base``: the image stands on another one, whose ENV is not known. A template that Sealos refuses is an error with
    its line; one whose outcome cannot be known is a warning, with what it seems to name as uncertain images.
    """
    rendered, found = Rendered(), Found()
    sources: dict[str, str] = {}
    for path in templates(context):
        name = relative(path, context)
        try:
            sources[name] = read_text(context, name)
        except InputError as error:
            found.problems += error.problems
    run = {name: text for name, text in sources.items() if name.endswith(".tmpl")}
    _Pass(run, environment, base=base, on_node=False).into(context, rendered, found, engine)
    if run != sources:
        _Pass(sources, environment, base=base, on_node=True).into(context, rendered, found, engine)
    return rendered, found


@dataclass(frozen=True, slots=True)
class _Pass:
    """One rendering of all its files: where Sealos runs, for ``*.tmpl``, or on the node, for ``*.tpl``."""

    files: Mapping[str, str]
    environment: Mapping[str, str]
    _: KW_ONLY
    base: bool
    on_node: bool

    def into(self, context: Path, rendered: Rendered, found: Found, engine: HelmEngine | None) -> None:
        """Add what the files become, but for names that are taken."""
        first, second = self._guesses()
        outcomes = render_set(self.files, first, engine)
        foreseen = second.data == first.data and not _asks_outside(self.files)
        others = outcomes if foreseen else render_set(self.files, second, engine)
        for name, outcome in outcomes.items():
            if name.endswith(".tpl") is not self.on_node:
                continue
            if isinstance(outcome, Failure):
                _report(name, self.files[name], outcome, found, ends=not self.on_node)
                if self.on_node:
                    break  # sealctl stops here
                continue
            if (context / rendered_name(name)).exists():
                continue  # an error of its own; the scan goes on with what is there
            rendered.texts[rendered_name(name)] = outcome
            other = others[name]
            if isinstance(other, str) and other != outcome:
                rendered.others[rendered_name(name)] = other
                _warn_of_others(name, outcome, other, found)

    def _guesses(self) -> tuple[Guess, Guess]:
        """What is taken for granted, and what may be as well: names that only a cluster or a base image can give."""
        fields = (_first_name(word) for text in self.files.values() for word in tokens(text))
        named = {name for name in fields if name and name not in self.environment}
        node: dict[str, object] = {"Env": dict(self.environment), "Values": {}}
        data: dict[str, object] = {**self.environment, **(node if self.on_node else {})}
        outside = {name for name in named - node.keys() if self.base or name.startswith(_SYSTEM)}
        more: dict[str, object] = dict.fromkeys(sorted(outside), "unpredictable")
        more |= {name: value for name, value in node.items() if name in named}
        strings = not self.on_node
        return Guess(data=data, strings=strings), Guess(data={**data, **more}, known=False, strings=strings)


def _first_name(word: Token) -> str:
    """``NAME`` of ``.NAME.more`` and ``$.NAME.more``; empty for any other word."""
    dollar, _, chain = word.text.partition(".") if word.kind in ("field", "variable") else ("-", "", "")
    return chain.partition(".")[0] if dollar in ("", "$") else ""


_OUTSIDE = frozenset({"env", "expandenv", "getHostByName", "now"})


def _asks_outside(files: Mapping[str, str]) -> bool:
    """Whether some template asks for the world around it, or for something random."""
    words = {word.text for text in files.values() for word in tokens(text) if word.kind == "word"}
    random = ("rand", "gen", "uuidv4", "shuffle", "htpasswd", "bcrypt", "encryptAES")
    return bool(words & _OUTSIDE) or any(word.startswith(random) for word in words)


def _report(name: str, text: str, failure: Failure, found: Found, *, ends: bool) -> None:
    found.hits += _unrendered(text, name)
    hint = _HINT if failure.certain else "list the images that it brings in images/shim"
    effect = "" if not failure.certain else ", and ends sealos run" if ends else ", so sealctl leaves it incomplete"
    message = f"{failure.message}{effect}"
    severity: Severity = "error" if failure.certain and ends else "warning"
    found.problems.append(
        Problem("template-render", message, failure.hint or hint, name, failure.line, severity=severity)
    )


def _warn_of_others(name: str, text: str, other: str, found: Found) -> None:
    one, two = ({reference for reference, _ in literal_images(each)} for each in (text, other))
    if one != two:
        message = "what it becomes cannot be predicted: it asks for what only the cluster or the machine knows"
        hint = "give the variable as ENV of the image, or list its images in images/shim"
        found.problems.append(Problem("template-unpredictable", message, hint, name, severity="warning"))


def _unrendered(text: str, name: str) -> list[Hit]:
    """What a template that cannot be rendered seems to name."""
    reason = "stands in a template that could not be rendered"
    return [
        Hit(reference, "uncertain", Source(file=name, rule="template", line=line), reason)
        for reference, line in literal_images(text)
    ]
