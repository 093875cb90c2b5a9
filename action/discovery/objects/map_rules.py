"""What a mapping, a list or a string of an object says about images: one function for each way of saying it.

Each rule gets a node and yields claims; it knows nothing of files, renders or Kubernetes kinds. Rules look at
structure only: the shape of a container is the same in a Deployment, a custom resource and a ConfigMap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from action.discovery.evidence.literals import literal
from action.discovery.text.tree import Map, Text, Tree
from action.model.findings import Verdict

CONTAINER_LISTS = frozenset(
    {"containers", "initContainers", "ephemeralContainers", "steps", "sidecars", "containerTemplates"}
)
CONTAINER_SIBLINGS = frozenset(
    {"command", "args", "env", "envFrom", "ports", "volumeMounts", "imagePullPolicy", "resources", "securityContext",
     "livenessProbe", "readinessProbe", "source", "script", "workingDir"}
)  # fmt: skip
MAX_KEY = 100
"""Characters of a key that can say anything; longer ones are data."""
FLOATING = "no tag is written, and none may be invented"

_IMAGE_KEY = re.compile(r"(?i)image(?:[_-]?(?:name|ref|reference|uri|url|path|repo|repository))?$")
_SAYS_IMAGE = re.compile(r"(?i)image")
_NOT_A_NAME = re.compile(r"(?i)image[_-]?(?:pull|tag|version|policy|digest|secret|size|type|id)")
_TAGS = ("tag", "version", "imageTag", "imageVersion")
_TAG_ENDINGS = ("Tag", "tag", "TAG", "Version", "version", "VERSION")
_REPOSITORY_PART = re.compile(r"(?i)^(.*image.*?)_?(?:repository|repo|name|registry)?$")


class Claim(NamedTuple):
    """A text that a rule takes for an image. ``field`` is the path below the node that the rule was given.

    ``guessed``: nothing but the text itself says that it is an image, so its host decides what it is worth.
    """

    text: str
    field: str
    rule: str
    verdict: Verdict
    line: int = 0
    reason: str = ""
    guessed: bool = False

    @property
    def tagless(self) -> bool:
        """Whether the tag is known to be missing: the reference then stands for no tag, not for ``latest``."""
        return self.reason == FLOATING


MapRule = Callable[[Map, str], Iterator[Claim]]
"""A rule for a mapping, given the key under which it stands (of the list, for an item of a list)."""


def image_field(node: Map, key: str) -> Iterator[Claim]:
    """``image: <reference>``, and ``image: {reference: ...}`` of an image volume."""
    for value, shadowed in [(node.get("image"), False), *((v, True) for k, v in node.shadowed if k == "image")]:
        if isinstance(value, Map) and isinstance(value.get("reference"), str):
            yield _claim(value["reference"], "image.reference", "image-volume", "certain")
        if not isinstance(value, Text) or value.number or not value.strip():
            continue
        text = value.strip()
        known = literal(text)
        container = is_container(node, key)
        if shadowed:
            reason = "the same key comes again below, and the last one counts"
            yield Claim(text, "image", "image-key", "uncertain", value.line, reason)
        elif container:
            yield Claim(text, "image", "pod-spec", "certain", value.line)
        elif "/" not in text and _text(node, "repository", "repo") is not None:
            continue  # one part of a name: image_parts puts it together
        elif known is not None and not known.pinned and (parts := _composed(node, text)) is not None:
            yield Claim(parts, "image", "image-parts", "likely", value.line, "put together from its parts")
        elif known is not None and not known.strict:
            reason = "has neither a registry nor a tag, and need not be an image"
            yield Claim(text, "image", "image-key", "uncertain", value.line, reason)
        else:
            yield Claim(text, "image", "image-key", "certain", value.line)


def is_container(node: Map, key: str) -> bool:
    """Whether the mapping has the shape of a container: where it stands, or what stands beside its image."""
    return key in CONTAINER_LISTS or ("name" in node and not CONTAINER_SIBLINGS.isdisjoint(node)) or key == "script"


def image_parts(node: Map, key: str) -> Iterator[Claim]:
    """``{registry, repository, image, tag, digest}`` in any of the spellings that charts and operators use."""
    repository = _text(node, "repository", "repo")
    if repository is None or "://" in repository or "chart" in node:
        return
    registry = _text(node, "registry", "hub", "imageRegistry")
    if (image := _text(node, "image", "name")) is not None and "/" not in image and literal(image) is not None:
        if "image" in node:
            repository = f"{repository}/{image}"
    elif "image" in node and isinstance(node["image"], Map):
        return
    name = f"{registry.rstrip('/')}/{repository}" if registry else repository
    if literal(name) is None:
        return
    field = "repository" if "repository" in node else "repo"
    line = _line(node.get(field))
    text = _with_tag(node, name)
    if text != name:
        yield Claim(text, field, "image-parts", "likely", line, "put together from its parts")
    elif ":" in name.rpartition("/")[2]:
        yield Claim(name, field, "image-parts", "likely", line, "named in parts")
    elif "tag" in node or "pullPolicy" in node or _SAYS_IMAGE.search(key):
        yield Claim(name, field, "image-parts", "uncertain", line, FLOATING)


def image_like_fields(node: Map, key: str) -> Iterator[Claim]:
    """``sidecarImage: ...``, ``RELATED_IMAGE_X: ...``: other keys whose name says that the value is an image."""
    for name, value in node.items():
        if name == "image" or not isinstance(value, Text) or value.number or len(name) > MAX_KEY:
            continue
        if not _SAYS_IMAGE.search(name):
            continue
        if _NOT_A_NAME.search(name) or name.lower().startswith("default"):
            continue
        known = literal(value)
        if known is None:
            continue
        if known.pinned and (_IMAGE_KEY.search(name) or known.qualified or "/" in value):
            yield Claim(value.strip(), name, "image-named-key", "likely", value.line, f"the key {name} names it")
        elif not known.pinned and _IMAGE_KEY.search(name):
            text = _composed(node, value.strip(), name)
            if text is not None:
                yield Claim(text, name, "image-parts", "likely", value.line, "put together from its parts")
            elif known.qualified:
                yield Claim(value.strip(), name, "image-named-key", "uncertain", value.line, FLOATING)


def image_collections(node: Map, key: str) -> Iterator[Claim]:
    """``images: [a, b]`` and ``images: {part: a}``."""
    for name, value in node.items():
        if not name.lower().endswith("images"):
            continue
        items: list[tuple[str, Tree]] = []
        if isinstance(value, list):
            items = [(f"[{index}]", item) for index, item in enumerate(value)]
        elif isinstance(value, Map):
            items = [(f".{part}", item) for part, item in value.items()]
        for suffix, item in items:
            known = literal(item) if isinstance(item, Text) and not item.number else None
            if known is not None and known.strict:
                yield Claim(
                    str(item).strip(),
                    f"{name}{suffix}",
                    "image-list",
                    "likely",
                    _line(item),
                    "one of a list of images",
                )


def hub_images(node: Map, key: str) -> Iterator[Claim]:
    """Istio's way: ``{hub, tag, proxy: {image: proxyv2}}``, from which the injector makes ``hub/proxyv2:tag``."""
    hub, tag = _text(node, "hub"), _text(node, "tag")
    if hub is None or tag is None:
        return
    for name, part in [("", node), *node.items()]:
        image = _text(part, "image") if isinstance(part, Map) else None
        if image is not None and "/" not in image and image != "auto" and literal(f"{hub}/{image}:{tag}") is not None:
            field = f"{name}.image".lstrip(".")
            yield Claim(
                f"{hub}/{image}:{tag}", field, "image-parts", "likely", 0, "put together from hub, image and tag"
            )


def crossplane_package(node: Map, key: str) -> Iterator[Claim]:
    """``spec.package`` of a Crossplane Provider, Configuration or Function: pulled by Crossplane, not by a node."""
    if not str(node.get("apiVersion", "")).startswith("pkg.crossplane.io/"):
        return
    spec = node.get("spec")
    package = spec.get("package") if isinstance(spec, Map) else None
    if isinstance(package, Text):
        reason = "pulled by Crossplane itself, past the node's registry mirror"
        yield Claim(package.strip(), "spec.package", "crossplane-package", "likely", package.line, reason)


BARE_RULES = frozenset({"image-key", "image-parts"})
"""Rules whose names may be parts: of a container's image the runtime knows the registry, of these nobody does."""
_BASES = ("base", "registry", "hub", "imageRegistry", "imageRepository", "repository")
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z0-9-]+(?::[0-9]+)?")


def given_base(node: Map) -> str:
    """The registry that a mapping gives for bare names in and below it, with or without a path; empty when none."""
    for name in _BASES:
        value = node.get(name)
        if isinstance(value, Text) and (text := value.strip().rstrip("/")):
            known = literal(text)
            if _HOST.fullmatch(text) or (known is not None and known.qualified and not known.pinned):
                return text
    return ""


def with_base(claim: Claim, base: str) -> Claim:
    """A bare name completed by the registry above it; every other claim as it is."""
    if not base or claim.rule not in BARE_RULES or "/" in claim.text:
        return claim
    text = f"{base}/{claim.text}"
    known = literal(text)
    if known is None or not known.pinned:
        return claim
    return claim._replace(text=text, rule="image-parts", verdict="likely", reason=f"completed by {base} above it")


MAP_RULES: tuple[tuple[str, MapRule], ...] = (
    ("image", image_field),
    ("repo", image_parts),
    ("image", image_like_fields),
    ("image", image_collections),
    ("hub", hub_images),
    ("apiversion", crossplane_package),
)
"""Each rule with the word, in lower case, that some key of a mapping must have in it for the rule to find anything."""


def _composed(node: Map, name: str, key: str = "image") -> str | None:
    """``name`` with the tag or digest that stands beside it, None when there is none.

    Beside ``sidecarImage`` that is ``sidecarImageTag`` or ``sidecarTag``; beside ``image`` and ``baseImage`` also the
    plain ``tag`` and ``version``.
    """
    stem = _REPOSITORY_PART.fullmatch(key)
    base = stem[1].rstrip("_-") if stem else key
    own = [f"{base}{joint}{part}" for part in _TAG_ENDINGS for joint in ("", "_", "-")]
    short = re.sub(r"(?i)[_-]?image$", "", base)
    if short:
        own += [f"{short}{part}" for part in ("Tag", "_tag", "_TAG", "Version", "_version", "_VERSION")]
    names = [*own, *_TAGS] if key.lower() in ("image", "baseimage", "imagename") else own
    tag = _text(node, *names)
    digest = _text(node, f"{base}Digest", *(("digest", "sha") if key.lower() in ("image", "baseimage") else ()))
    text = _join(name, tag, digest)
    return text if text != name and literal(text) is not None else None


def _with_tag(node: Map, name: str) -> str:
    return _join(name, _text(node, *_TAGS), _text(node, "digest", "sha", "sha256"))


def _join(name: str, tag: str | None, digest: str | None) -> str:
    text = name if not tag or ":" in name.rpartition("/")[2] or "@" in name else f"{name}:{tag}"
    if digest and "@" not in text:
        text = f"{text}@{digest if ':' in digest else f'sha256:{digest}'}"
    return text if literal(text) is not None else name


def _text(node: Map, *names: str) -> str | None:
    for name in names:
        value = node.get(name)
        if isinstance(value, Text) and value.strip():
            return value.strip()
    return None


def _claim(value: Tree, field: str, rule: str, verdict: Verdict) -> Claim:
    return Claim(str(value).strip(), field, rule, verdict, _line(value))


def _line(value: Tree) -> int:
    return value.line if isinstance(value, Text) else 0
