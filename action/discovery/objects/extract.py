"""One document -> hits: walks the whole tree once and asks every rule at every node.

The walk keeps its own stack, so depth is bounded by the parser alone, and follows YAML and JSON inside strings three
levels down, because operators keep the pods they will create in ConfigMaps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from action.discovery.evidence.hits import RANK, Found, Hit
from action.discovery.evidence.literals import NOT_IMAGES, literal, pattern, unresolved
from action.discovery.evidence.roles import Accounts, accounts_with_built_in_roles, created_workloads
from action.discovery.objects import kinds
from action.discovery.objects.glance import may_name_images
from action.discovery.objects.map_rules import BARE_RULES, MAP_RULES, Claim, given_base, with_base
from action.discovery.objects.opaque import decoded, schema_defaults
from action.discovery.objects.word_rules import arguments, composed_elsewhere, environment, free_text, properties
from action.discovery.text.tree import Document, Map, Text, Tree
from action.discovery.text.yaml_reader import documents
from action.errors import Problem
from action.model.findings import Source, Verdict

MAX_NESTED = 3
"""Levels of YAML inside strings."""

_LABELS = frozenset({"labels", "matchLabels", "nodeSelector", "selector", "roleRef", "subjects", "matchExpressions"})
_ARGUMENTS = frozenset({"args", "command", "extraArgs", "arguments"})
_SCHEMA_KEYS = frozenset({"openAPIV3Schema", "$schema"})
_NAMES_IMAGES = re.compile(r"(?i)(?:^|[^a-z])images?(?![a-z])")
_LOOKS_LIKE_YAML = re.compile(r"^[ \t]*(?:[\"']?[\w./-]+[\"']?[ \t]*:(?:\s|$)|[\[{]|- )", re.MULTILINE)


@dataclass(slots=True)
class Extraction(Found):
    """What one document holds. ``objects`` are the ``Kind`` of each object in it, items of lists included."""

    objects: list[str] = field(default_factory=list)
    operates: bool = False
    """Whether a role in it may create pods or workloads."""
    accounts: Accounts = field(default_factory=Accounts)


class _Place(NamedTuple):
    """Where the walk is: inherited downwards. ``ceiling`` is the best verdict that a hit may have here, ``base`` the
    registry, with or without a path, that a mapping above gives for the names below it."""

    object: str = ""
    ceiling: Verdict = "certain"
    reason: str = ""
    nested: int = 0
    base: str = ""


class _Path(NamedTuple):
    parent: _Path | None
    step: str

    def text(self, last: str = "") -> str:
        steps = [last] if last else []
        here: _Path | None = self
        while here is not None:
            steps.append(here.step)
            here = here.parent
        return "".join(
            step if step.startswith("[") or position == 0 else f".{step}"
            for position, step in enumerate(step for step in reversed(steps) if step)
        )


_ROOT = _Path(None, "")


def extract(document: Document, file: str, render: str = "", *, lines: bool = True, number: int = 0) -> Extraction:
    """The images of one document of ``file``.

    ``lines`` is false where line numbers mean nothing to a reader, as in what a template made; ``number`` replaces
    the number of the document where its text was one of many.
    """
    walk = _Walk(document, file, render, lines, number or document.number)
    walk.run()
    return walk.found


class _Walk:
    def __init__(self, document: Document, file: str, render: str, lines: bool, number: int) -> None:
        self.found = Extraction()
        self._number = number
        self._file = file
        self._render = render
        self._lines = lines
        self._stack: list[tuple[Tree, str, _Path, _Place]] = [(document.root, "", _ROOT, _Place())]

    def run(self) -> None:
        while self._stack:
            node, key, path, place = self._stack.pop()
            if isinstance(node, Map):
                self._map(node, key, path, place)
            elif isinstance(node, list):
                self._list(node, key, path, place)
            elif isinstance(node, Text) and not node.number:
                self._text(node, key, path, place)

    def _map(self, node: Map, key: str, path: _Path, place: _Place) -> None:
        if "kind" in node and "apiVersion" in node:
            if place.nested == 0:
                self.found.objects.append(kinds.kind(node))
            entered = self._object(node, place)
            if entered is None:
                return
            place = entered
        if place.nested == 0:
            self.found.accounts.run(node)
        place = place._replace(base=given_base(node) or place.base)
        keys = " ".join(node).lower()
        for word, rule in MAP_RULES:
            if word in keys:
                for claim in rule(node, key):
                    self._claim(with_base(claim, place.base), path, place)
        for name, value in node.items():
            if name in _LABELS or name in _SCHEMA_KEYS:
                continue
            if isinstance(value, Map | list) or (isinstance(value, Text) and len(value) > 2):
                self._stack.append((value, name, _Path(path, name), place))

    def _object(self, node: Map, place: _Place) -> _Place | None:
        name = kinds.name(node)
        if kinds.is_silent(node):
            self._note_role(node, name, place)
            return None
        if kinds.is_schema(node):
            for claim, path in schema_defaults(node):
                self._claim(claim, _Path(None, path), place._replace(object=name))
            return None
        fetched = kinds.fetched_at_run_time(node)
        if fetched is not None:
            self.found.blind_spots.append(f"{self._file}: {fetched}")
        place = place._replace(object=name)
        if kinds.is_test_hook(node):
            return self._lower(place, "uncertain", "only `helm test` runs it")
        if kinds.kind(node) == "Secret":
            place = self._lower(place, "uncertain", "stands in a Secret")
            self._stack += [(text, key, _Path(_Path(None, "data"), key), place) for key, text in decoded(node)]
            return place
        if fetched is not None:
            return self._lower(place, "uncertain", "a value for a chart that is fetched at run time")
        return place

    def _note_role(self, node: Map, name: str, place: _Place) -> None:
        """Take in roles, and who holds them, where they are objects of their own."""
        if place.nested:
            return
        kind, given = kinds.kind(node), ""
        if kind in ("Role", "ClusterRole") and (created := created_workloads(node)):
            self.found.accounts.creating.add(name)
            given = f"{name} may create {', '.join(created)}: whoever holds it"
        elif kind in ("RoleBinding", "ClusterRoleBinding"):
            self.found.accounts.bind(node)
            if accounts := accounts_with_built_in_roles(node):
                given = f"{name} lets {', '.join(accounts)} create what it likes, which"
        if given:
            self.found.operates = True
            self.found.blind_spots.append(
                f"{self._file}: {given} may start images that no scan sees; list them in images/shim"
            )

    def _list(self, node: list[Tree], key: str, path: _Path, place: _Place) -> None:
        claims = [*environment(node)]
        for name in composed_elsewhere(node):
            self.found.blind_spots.append(
                f"{self._file}: {place.object} is given {name}: it makes image names of its own, which are not seen"
            )
        if key in _ARGUMENTS or any(isinstance(item, Text) and item.startswith("-") for item in node):
            claims += arguments(node)
        for claim in claims:
            self._claim(claim, path, place)
        for index, item in enumerate(node):
            child = _Path(path, f"[{index}]")
            self._stack.append((item, key, child, place))

    def _text(self, node: Text, key: str, path: _Path, place: _Place) -> None:
        if "\n" in node or node[:1] in "{[":
            self._nested(node, key, path, place)
        elif "/" in node and (":" in node or "@" in node) and key != "image":
            known = literal(node)
            if known is not None and known.unmistakable:
                self._claim(self._whole_value(node, key, path, place), path, place)
            elif known is None:
                for claim in free_text(node, node.line):
                    self._claim(claim, path, place)

    @staticmethod
    def _whole_value(node: Text, key: str, path: _Path, place: _Place) -> Claim:
        """A text that is unmistakably an image under a key that does not say so: what stands above it may."""
        if _NAMES_IMAGES.search(place.object.partition("/")[2]):
            reason = f"{place.object} says that it lists images"
            return Claim(str(node), "", "text", "likely", node.line, reason)
        if _NAMES_IMAGES.search(path.text().rpartition(".")[0]):
            return Claim(str(node), "", "text", "likely", node.line, f"stands below {path.text().rpartition('.')[0]}")
        reason = f"stands in the field {key}, which does not say image"
        return Claim(str(node), "", "text", "uncertain", node.line, reason)

    def _nested(self, node: Text, key: str, path: _Path, place: _Place) -> None:
        if not may_name_images(node):
            return
        if place.nested < MAX_NESTED and _LOOKS_LIKE_YAML.search(node):
            inner = self._lower(place, "likely", "stands in text that an application reads")
            inner = inner._replace(nested=place.nested + 1)
            parsed = list(documents(node, self._file))
            if parsed and not any(isinstance(part, Problem) for part in parsed):
                trees = [part.root for part in parsed if isinstance(part, Document)]
                if any(isinstance(tree, Map | list) for tree in trees):
                    for tree in trees:
                        self._stack.append((tree, key, path, inner))
                    return
        for claim in (*properties(node, node.line), *free_text(node, node.line)):
            self._claim(claim, path, place)

    def _claim(self, claim: Claim, path: _Path, place: _Place) -> None:
        where = self._source(claim, path, place)
        known = literal(claim.text)
        if known is None:
            if not place.nested:  # inside text, expressions are for the application that reads it
                self._refused(claim, where)
            return
        if place.nested and not known.strict and claim.rule == "image-key":
            return  # a word or a path inside some application's settings: far more often something else
        if place.nested and claim.rule in BARE_RULES and "/" not in claim.text:
            place = self._lower(place, "uncertain", "a bare name inside text, and nothing there says which registry")
        reference = replace(known.reference, tag=None) if claim.tagless else known.reference
        hit = Hit(reference, claim.verdict, where, claim.reason, claim.guessed)
        if RANK[place.ceiling] > RANK["certain"]:
            hit = hit.at_most(place.ceiling, place.reason)
        self.found.hits.append(hit)

    def _refused(self, claim: Claim, where: Source) -> None:
        """An image field whose text is no image: silent for patterns and keywords, else said."""
        if claim.verdict != "certain" or (pattern(claim.text) and not unresolved(claim.text)):
            return
        if claim.text.strip() in NOT_IMAGES:
            return
        line = where.line or None
        at = f"{where.object} {where.field}".strip()
        if unresolved(claim.text):
            self.found.problems.append(
                Problem(
                    "unresolved-image",
                    f"{at} is {claim.text!r}, which is not filled in: no image is taken from it",
                    "give the missing value, or name the image in images/shim",
                    where.file,
                    line,
                    severity="warning",
                )
            )
        elif claim.rule == "pod-spec":
            self.found.problems.append(
                Problem("bad-reference", f"{at} is {claim.text!r}, which is not an image name", "", where.file, line)
            )

    def _source(self, claim: Claim, path: _Path, place: _Place) -> Source:
        return Source(
            file=self._file,
            document=self._number,
            object=place.object,
            field=path.text(claim.field),
            rule=claim.rule,
            render=self._render,
            line=claim.line if self._lines else 0,
        )

    @staticmethod
    def _lower(place: _Place, ceiling: Verdict, reason: str) -> _Place:
        if RANK[ceiling] <= RANK[place.ceiling]:
            return place
        return place._replace(ceiling=ceiling, reason=reason)
