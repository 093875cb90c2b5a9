"""publish: push what the build jobs made; the login comes through the environment only."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from action.cli.options import add_option
from action.errors import ClusterImageError, InputError, Problem, UsageError
from action.github.api import GitHubApi
from action.github.workflow import set_output
from action.model.address import default_destination, with_destination
from action.model.origin import this_run
from action.model.results import PublishResult, Target
from action.model.wording import size
from action.publication.layout_check import check_files, foreign
from action.publication.login import PASSWORD, USERNAME, publishing_client
from action.publication.publish import publish
from action.store.oci.layout import OciLayout
from generator.console import err, out
from generator.names import Arch
from generator.settings.settings import load_settings
from generator.tree.catalog import read_catalog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "target", "the image to publish, as JSON (type, app, version, arches)", required=True)
    add_option(parser, "layouts", "the folder with the artifacts image@<type>@<app>@<version>@<arch>", required=True)
    add_option(parser, "output", "the folder to write result.json to")
    add_option(parser, "root", "the repository with imagebuild.yaml")
    add_option(parser, "registry", "the registry; default: that of imagebuild.yaml, else ghcr.io")
    add_option(parser, "namespace", "the name in the registry; default: that of imagebuild.yaml, else the owner")
    add_option(parser, "force", "the reason to publish again what is there, and to replace other content")
    add_option(parser, "replace", "the reason why other content under the tag may be replaced")
    parser.epilog = f"The login: ${USERNAME} and ${PASSWORD}, else the files that docker and podman keep."


def handle(args: argparse.Namespace) -> int:
    """Write result.json also when publishing fails: the report tells from it."""
    target = _target(args.target)
    result = PublishResult(type=target.type, app=target.app, version=target.version)
    try:
        result = _publish(args, target)
    except ClusterImageError as error:
        result = replace(result, problems=error.problems)
        raise
    except Exception as error:
        result = replace(result, problems=(Problem("defect", f"a defect of cluster-image: {type(error).__name__}"),))
        raise
    finally:
        if args.output:
            result.write(Path(args.output) / "result.json")
    # What the workflow needs to attest the image: its name without a tag, its digest, and whether all is this run's.
    set_output("name", str(result.reference).rpartition(":")[0])
    set_output("digest", str(result.digest))
    set_output("changed", "false" if result.unchanged or result.taken_over else "true")
    for problem in result.problems:
        err.say(problem)
    out.say("\n".join(_told(result)))
    return 0


def _told(result: PublishResult) -> Iterator[str]:
    for platform in result.platforms:
        yield f"{platform.reference} {platform.digest} {size(platform.size)}, {size(platform.uploaded)} sent"
    yield f"{result.reference} {result.digest}"
    if result.compared_with is not None:
        yield f"compared with {result.compared_with}: {len(result.changes)} container images differ"
    for change in result.changes:
        yield f"  {change.arch} {change.reference}: {change.before or 'new'} -> {change.after or 'gone'}"


def _publish(args: argparse.Namespace, target: Target) -> PublishResult:
    root = Path(args.root or ".")
    settings = with_destination(load_settings(root), args.registry, args.namespace)
    version = read_catalog(root, settings).resolve(target.type, target.app, target.version)
    registry, namespace = default_destination(settings, target.type, os.environ)
    layouts = _layouts(Path(args.layouts), target)
    return publish(
        target,
        layouts,
        registry=registry,
        namespace=namespace,
        client=publishing_client(registry, settings, os.environ),
        name=version.image_name(target.type),
        run=this_run(os.environ),
        is_older=_is_older,
        force=args.force,
        replace=args.replace,
        offered=version.arches,
        mount_from=version.metadata.mount_from,
    )


def _is_older(ours: str, theirs: str) -> bool:
    """Whether a commit is an ancestor of another, as GitHub knows; no when that cannot be looked up."""
    try:
        return GitHubApi.from_environment().is_ancestor(ours, theirs)
    except ClusterImageError as error:
        err.say(f"cannot compare {ours} with {theirs}: {error.problems[0].message}")
        return False


def _layouts(folder: Path, target: Target) -> dict[Arch, Path]:
    """The downloaded layouts by architecture.

    actions/download-artifact puts an only artifact into the folder itself: then what is inside says what it is for. A
    folder that holds both comes from no run of ours, and is refused: files of the repository must not stand in.
    """
    named: dict[Arch, Path] = {arch: folder / f"image@{target.slug}@{arch}" for arch in target.arches}
    apart = {arch: path for arch, path in named.items() if (path / "oci-layout").is_file()}
    if not (folder / "oci-layout").is_file():
        return apart
    if any(path.name.startswith("image@") for path in folder.iterdir()):
        message = "holds an image layout, and folders with further ones"
        raise InputError(Problem("two-layouts", message, "let the folder hold the artifacts only", str(folder)))
    check_files(folder)
    with foreign(folder):
        layout = OciLayout(folder)
        tags: dict[Arch, str] = {arch: f"{target.version}-{arch}" for arch in target.arches}
        return {arch: folder for arch, tag in tags.items() if tag in layout.names()}


def _target(text: str) -> Target:
    try:
        return Target.from_json(json.loads(text))
    except (TypeError, KeyError, ValueError) as error:
        raise UsageError(Problem("bad-target", f"--target is no target of a batch: {error}")) from error
