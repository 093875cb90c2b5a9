"""A Go template for Sealos, rewritten so that Helm's engine makes of it what Sealos would (pure).

Sealos renders with text/template, sprig 3.2 and a few functions of its own (lifecycle/pkg/template/funcmap.go), Helm
with sprig 3.3 and others. What Helm has and Sealos has not is refused; what Sealos has and Helm has not is put into
templates of ``HELPERS``. The rewritten template has the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from action.discovery.sealos_run.go_template import Token, tokens

LACKING = frozenset(
    {
        "fromToml", "include", "lookup", "mustToDuration", "mustToToml",
        "mustToYaml", "required", "sha512sum", "toYamlPretty", "tpl",
    }
)  # fmt: skip
"""Functions of Helm that end ``sealos run``: all of the 225 of sprig 3.3 and Helm 3 that Sealos does not define."""

UNPREDICTABLE = "cannot be predicted"
_WRONG_INDEX = "wrong type for value; expected uint32; got int"
_NO_STRINGS = '(split "/" "")'  # an empty map[string]string, the type of Sealos's data
_OF_DICTS = frozenset(
    {
        "dig", "get", "hasKey", "keys", "merge", "mergeOverwrite", "mustMerge",
        "mustMergeOverwrite", "omit", "pick", "pluck", "set", "unset", "values",
    }
)  # fmt: skip
_CIDR = r"^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)/(?:[12]?\d|3[0-2])$"
_NET = """{{- $p := regexSplit "[./]" $s -1 }}{{ $at := 0 }}{{ range $i := until 4 }}\
{{ $at = add (mul $at 256) (index $p $i) }}{{ end }}\
{{ $size := 1 }}{{ range until (int (sub 32 (index $p 4))) }}{{ $size = mul $size 2 }}{{ end }}\
{{ $net := sub $at (mod $at $size) }}"""
_ADDRESS = """{{ printf "%d.%d.%d.%d" (div $ip 16777216) (mod (div $ip 65536) 256) (mod (div $ip 256) 256)\
 (mod $ip 256) }}"""
_CHECKED = f"""{{{{ if contains ":" $s }}}}{{{{ fail "ipAt and ipNet of IPv6 {UNPREDICTABLE}" }}}}\
{{{{ else if not (regexMatch `{_CIDR}` $s) }}}}invalid cidr: invalid CIDR address: {{{{ $s }}}}{{{{ else }}}}{_NET}"""
HELPERS = f"""{{{{ define "sealos.ipNet" }}}}{{{{ $s := . }}}}{_CHECKED}{{{{ $ip := $net }}}}{_ADDRESS}\
/{{{{ index $p 4 }}}}{{{{ end }}}}{{{{ end }}}}
{{{{ define "sealos.ipAt" }}}}{{{{ $s := index . 0 }}}}{{{{ $n := int64 (index . 1) }}}}{_CHECKED}\
{{{{ if ge $n $size }}}}out of ip address range{{{{ else }}}}{{{{ $ip := add $net $n }}}}{_ADDRESS}{{{{ end }}}}\
{{{{ end }}}}{{{{ end }}}}
{{{{ define "sealos.unset" }}}}{{{{ end }}}}
{{{{ define "sealos.expandunset" }}}}{{{{ regexReplaceAll "\\\\$(?:\\\\w+|\\\\{{\\\\w+\\\\}})" . "" }}}}{{{{ end }}}}
{{{{ define "sealos.unknown" }}}}unpredictable{{{{ end }}}}
"""
"""Templates that the rewritten ones include."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What of a rendering no build can know, decided in one of the ways in which it may come.

    ``data`` is what a template gets: the image's ENV and, in a guess, more. ``known`` is false in the guess that
    gives every variable of the outside some value, and the clock another one.
    """

    data: Mapping[str, object]
    known: bool = True
    strings: bool = True


@dataclass(frozen=True, slots=True)
class LackingFunction(Exception):
    """A function that Sealos has not, and the line of the template that names it."""

    name: str
    line: int


@dataclass(slots=True)
class _Scope:
    """The open blocks of a template: what ``.`` is within them."""

    blocks: list[str] = field(default_factory=list)

    def enter(self, words: Sequence[Token]) -> None:
        """Take in the first words of an action."""
        first = words[0].text if words else ""
        if first in ("if", "range", "with", "define", "block"):
            self.blocks.append(first)
        elif first == "end" and self.blocks:
            self.blocks.pop()
        elif first == "else" and self.blocks and (len(words) < 2 or words[1].text != "with"):
            self.blocks[-1] = "else"

    @property
    def root(self) -> bool:
        """Whether ``.`` is the data."""
        return not {"range", "with", "define", "block"} & set(self.blocks)

    @property
    def may_be_root(self) -> bool:
        return not {"range", "with"} & set(self.blocks)


def rewritten(template: str, guess: Guess) -> str:
    """The template for Helm's engine; raises LackingFunction."""
    words = list(tokens(template))
    literals = {word.text[1:-1] for word in words if word.kind == "string"}
    scope = _Scope()
    made: list[str] = []
    line = 1
    at = 0
    while at < len(words):
        word = words[at]
        if word.kind != "open":
            made.append(word.text)
            line += word.text.count("\n")
            at += 1
            continue
        end = next((i for i in range(at, len(words)) if words[i].kind == "close"), len(words))
        inner = words[at + 1 : end]
        scope.enter([token for token in inner if token.kind != "space"][:2])
        made.append(word.text + _action(inner, guess, scope, literals, line))
        line += sum(token.text.count("\n") for token in inner)
        at = end
    return "".join(made)


def _action(words: Sequence[Token], guess: Guess, scope: _Scope, literals: set[str], line: int) -> str:
    made = [_field(word, words[i - 1] if i else None, guess, scope, literals) for i, word in enumerate(words)]
    for i, word in enumerate(words):
        line += words[i - 1].text.count("\n") if i else 0
        if word.kind != "word":
            continue
        if word.text in LACKING:
            raise LackingFunction(word.text, line)
        if word.text == "env":
            made[i] = 'include "sealos.unset"' if guess.known else 'include "sealos.unknown"'
        elif word.text == "expandenv":
            made[i] = 'include "sealos.expandunset"' if guess.known else 'include "sealos.unknown"'
        elif word.text == "getHostByName" and not guess.known:
            made[i] = 'include "sealos.unknown"'
        elif word.text == "now" and not guess.known:
            made[i] = '(toDate "2006-01-02" "1999-01-01")'
        elif word.text == "ipNet":
            made[i] = 'include "sealos.ipNet"'
        elif word.text == "ipAt":
            _ip_at(words, made, i)
        elif word.text in _OF_DICTS or word.text == "index":
            _strings(words, made, i, guess, scope)
    return "".join(made)


def _field(word: Token, before: Token | None, guess: Guess, scope: _Scope, literals: set[str]) -> str:
    """A chain that starts at a name the data has not: Sealos goes on with no value, Helm ends."""
    if word.kind not in ("field", "variable") or (before is not None and before.text == ")"):
        return word.text
    dollar, _, chain = word.text.partition(".")
    name, _, rest = chain.partition(".")
    at_root = (not dollar and scope.may_be_root) or (dollar == "$" and "define" not in scope.blocks)
    if not rest or not at_root or name in guess.data or name in literals:
        return word.text
    return f"{dollar}.{name}"


def _command_end(words: Sequence[Token], start: int) -> int:
    depth = 0
    for i in range(start, len(words)):
        depth += words[i].text == "("
        depth -= words[i].text == ")"
        if depth < 0 or (depth == 0 and words[i].text == "|"):
            return i
    return len(words)


def _ip_at(words: Sequence[Token], made: list[str], start: int) -> None:
    """``ipAt CIDR N``: its index must be written as a number, as any other one has the wrong type in Go."""
    end = _command_end(words, start)
    arguments = [i for i in range(start + 1, end) if words[i].kind != "space"]
    if arguments and words[arguments[-1]].kind == "number":
        made[start] = "list"
        made[arguments[-1]] += ' | include "sealos.ipAt"'
    else:
        made[start] = f'fail "{_WRONG_INDEX}"'
        for i in arguments:
            made[i] = ""


def _strings(words: Sequence[Token], made: list[str], start: int, guess: Guess, scope: _Scope) -> None:
    """The data as a whole is a map of strings to strings for Sealos, which functions of dictionaries refuse."""
    arguments = [i for i in range(start + 1, _command_end(words, start)) if words[i].kind != "space"]
    whole = [i for i in arguments if words[i].text == "$" or (words[i].text == "." and scope.root)]
    if not guess.strings or not whole or "define" in scope.blocks:
        return
    if words[start].text == "index":
        keys = [words[i] for i in arguments if words[i].kind == "string"]
        if not keys or keys[0].text[1:-1] in guess.data:
            return
    for i in whole:
        made[i] = _NO_STRINGS
