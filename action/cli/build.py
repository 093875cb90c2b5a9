"""build: one application, from its directory to images; as a person asks for it, or as one row of a matrix."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

from action.build.one_image import Job, Means, build
from action.build.output import name_platform, open_destination
from action.cli.options import add_jobs, add_option, add_positional
from action.context.init_script import InitRules
from action.errors import ClusterImageError, InputError, Problem, UsageError
from action.model.address import default_destination, with_destination
from action.model.results import BuildResult, Target
from action.publication.login import looking_client
from action.publication.reuse import Publications
from action.registry.client import RegistryClient
from action.registry.credentials.auth import default_keychain
from action.report.terminal.build import build_table
from action.report.terminal.next_steps import next_steps
from action.store.oci.layout import OciLayout
from generator.builds.matrix import Row
from generator.console import err, out
from generator.errors import machine_problem
from generator.names import ARCHES, IMAGE_TYPES, ImageType
from generator.settings.settings import Settings, load_settings
from generator.tree.catalog import Catalog, Version, read_catalog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_positional(parser, "app", "the application, a directory of the tree")
    add_positional(parser, "version", "its version; latest/ builds one that has no directory")
    add_option(parser, "type", f"{', '.join(IMAGE_TYPES)}; default: the first that the directory offers")
    parser.add_argument("--arch", action="append", choices=ARCHES, help="repeatable; default: every one it can be")
    parser.add_argument("--build-arg", action="append", default=[], metavar="KEY=VALUE", help="for dockerimages")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep blobs there, for every build to share")
    add_jobs(parser)
    add_option(parser, "root", "the repository that holds applications/")
    add_option(parser, "row", "instead of all of the above: one row of a matrix, as JSON")
    add_option(parser, "registry", "for the output registry; default: that of imagebuild.yaml, else ghcr.io")
    add_option(parser, "namespace", "for the output registry; default: that of imagebuild.yaml, else the owner")
    add_option(parser, "force", "the reason to build what is published already, and to replace other content")
    add_option(
        parser, "output", "oci:DIR, oci-archive:FILE or registry; with --row a folder for layout/ and result.json"
    )


def handle(args: argparse.Namespace) -> int:
    if not args.row and not (args.app and args.version):
        raise UsageError(Problem("no-target", "build needs an application and a version", "build hello v1.0.0"))
    if not args.output:
        example = "--output build/image" if args.row else f"--output oci:build/{args.app}"
        raise UsageError(Problem("no-output", "nothing says where to leave the image", example))
    root = Path(args.root or ".").resolve()
    settings = with_destination(load_settings(root), args.registry, args.namespace)
    catalog = read_catalog(root, settings)
    row = _row(args.row) if args.row else None
    jobs = [] if row else _jobs(args, catalog)
    means = Means(
        client=RegistryClient(
            default_keychain(), mirrors=settings.mirrors, insecure=settings.insecure, jobs=args.jobs
        ),
        engine=settings.engine,
        compression=settings.compression,
        cache=args.cache,
        whole_indexes=settings.indexes == "full",
        publications=_publications(args, settings, row.type if row else jobs[0].type),
        log=_log,
        init=InitRules(environment=settings.init_env, unboxed=settings.allow_unboxed_init),
        look_inside=settings.look_inside,
    )
    if row:
        return _build_row(row, Path(args.output), catalog, means)
    target, version = _target(jobs), jobs[0].version
    with open_destination(args.output, settings) as destination:
        results = [build(job, destination.layout, means) for job in jobs]
        published = destination.finish(target, results, version, args.force)
    out.say(build_table(results, published))
    reference = (published and published.reference) or destination.name_of(target, version)
    out.say(f"\n{next_steps(destination.kind, destination.path, reference, target.type)}")
    return 0


def _publications(args: argparse.Namespace, settings: Settings, image_type: ImageType) -> Publications | None:
    """Where the images will be published, so that one that is there already need not be built again.

    Raises InputError when nothing says where, and the images are to be published at once.
    """
    if args.force or not (args.row or args.output == "registry"):
        return None
    try:
        registry, namespace = default_destination(settings, image_type, os.environ)
    except InputError:
        if args.row:
            return None
        raise
    client = looking_client(registry, settings, os.environ)
    return Publications(client=client, registry=registry, namespace=namespace)


def _build_row(row: Row, output: Path, catalog: Catalog, means: Means) -> int:
    """Build for the jobs that follow on other machines; they find result.json even when this fails."""
    result = BuildResult(type=row.type, app=row.app, version=row.version, arch=row.arch)
    try:
        version = catalog.resolve(row.type, row.app, row.version)
        job = Job(version=version, type=row.type, arch=row.arch, build_args=row.build_args)
        layout = OciLayout(output / "layout")
        result = build(job, layout, means)
        name_platform(layout, result)
    except ClusterImageError as error:
        result = replace(result, problems=error.problems)
        raise
    except Exception as error:
        why = machine_problem(error) or Problem("defect", "a defect of cluster-image; its lines are in the job's log")
        result = replace(result, problems=(why,))
        raise
    finally:
        result.write(output / "result.json")
    out.say(build_table([result], None))
    return 0


def _jobs(args: argparse.Namespace, catalog: Catalog) -> list[Job]:
    version, image_type = _resolve(args, catalog)
    refused = [arch for arch in args.arch or () if arch not in version.arches]
    if refused:
        message = f"{version.app} {version.name} is not built for {', '.join(refused)}"
        hint = f"it is for {', '.join(version.arches)}"
        raise InputError(Problem("arch-not-offered", message, hint, version.context))
    if args.build_arg and image_type != "dockerimages":
        message = f"build arguments are for dockerimages, not for {image_type}"
        raise InputError(Problem("build-args-not-allowed", message, "leave them out, or add --type dockerimages"))
    build_args = {**version.metadata.build_args, **dict(_pair(text) for text in args.build_arg)}
    arches = dict.fromkeys(args.arch or version.arches)
    return [Job(version=version, type=image_type, arch=arch, build_args=build_args) for arch in arches]


def _resolve(args: argparse.Namespace, catalog: Catalog) -> tuple[Version, ImageType]:
    """The version, as the type that was asked for or else as the first one that its directory offers."""
    if args.type:
        if args.type not in IMAGE_TYPES:
            raise UsageError(Problem("bad-type", f"--type {args.type!r} is none of {', '.join(IMAGE_TYPES)}"))
        return catalog.resolve(args.type, args.app, args.version), args.type
    refusals = []
    for image_type in IMAGE_TYPES:
        try:
            version = catalog.resolve(image_type, args.app, args.version)
        except InputError as error:
            refusals.append(error)
        else:
            if image_type in version.types:
                return version, image_type
    if refusals:
        raise refusals[0]
    message = f"{args.app} {args.version} does not say what it is built as"
    raise InputError(Problem("type-not-offered", message, f"add --type, one of {', '.join(IMAGE_TYPES)}"))


def _target(jobs: list[Job]) -> Target:
    first = jobs[0]
    return Target(
        type=first.type,
        app=first.version.app,
        version=first.version.name,
        arches=tuple(job.arch for job in jobs),
        build_args=dict(first.build_args),
    )


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise UsageError(Problem("bad-build-arg", f"--build-arg {text!r} is not KEY=VALUE"))
    return key, value


def _row(text: str) -> Row:
    try:
        return Row.from_json(json.loads(text))
    except (TypeError, ValueError) as error:
        raise UsageError(Problem("bad-row", f"--row is no row of a matrix: {error}")) from error


def _log(job: Job, line: str) -> None:
    err.say(f"[{job.version.app} {job.version.name} {job.arch}] {line}")
