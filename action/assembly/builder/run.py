"""Builders for what native assembly leaves alone: ``docker buildx`` and ``buildah``, run as programs.

Each writes an OCI layout into an empty folder. Base images are pulled with the login files of docker and podman,
if there are any; a secret of the environment reaches neither of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from action.assembly.builder.bases import Base
from action.assembly.builder.registries import buildkitd_toml, registries_conf
from action.environment import tools
from action.environment.output_tail import OutputTail
from action.environment.variables import PROXY_VARIABLES
from action.errors import InputError, Problem, ToolError
from action.registry.http.hosts import is_loopback
from generator.names import Arch
from generator.settings.image_pins import image_pin

EngineName = Literal["buildx", "buildah"]

_TAIL_LINES = 30
_BUILD_NAME = "image"
_FOREIGN = "exec format error"
_FOREIGN_HINT = (
    "a RUN needs a machine of that architecture, or QEMU: in workflows, set runners in imagebuild.yaml (one label for "
    "both architectures brings QEMU); on a machine of your own, install qemu-user-static and binfmt-support"
)
_PASSED = frozenset(
    {
        "HOME", "LANG", "LOGNAME", "PATH", "REGISTRY_AUTH_FILE", "TMPDIR", "USER",
        "SSL_CERT_DIR", "SSL_CERT_FILE", *PROXY_VARIABLES,
    }
)  # fmt: skip
_PASSED_PREFIXES = ("BUILDX_", "CONTAINERS_", "DOCKER_", "LC_", "XDG_")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What run_engine was asked; ``scratch`` is a folder for the builder's own files."""

    context: Path
    buildfile: Path
    output: Path
    arch: Arch
    arguments: Sequence[str]
    epoch: int
    bases: Sequence[Base]
    scratch: Path


def choose_engine(wanted: str) -> EngineName:
    """The builder to use: the one that the settings name, else whichever is there; raises InputError when none is."""
    present: dict[EngineName, bool] = {"buildx": _has_buildx(), "buildah": tools.find("buildah") is not None}
    if wanted in ("buildx", "buildah"):
        name: EngineName = "buildx" if wanted == "buildx" else "buildah"
        if present[name]:
            return name
        raise InputError(Problem("no-engine", f"{name} is wanted by the settings and is not installed here"))
    for name, there in present.items():
        if there:
            return name
    raise InputError(
        Problem(
            "no-engine",
            "this build file needs docker buildx or buildah, and neither is installed here",
            "install buildah, or start docker; a FROM scratch file with COPY, ENV, LABEL and CMD needs neither",
        )
    )


def reads_heredocs(engine: EngineName) -> bool:
    """Whether the builder knows here-documents: buildah before 1.33 takes their lines for instructions."""
    if engine == "buildx":
        return True
    command = _found(["buildah", "--version"])
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=_environment())
    version = re.search(rb"(\d+)\.(\d+)", done.stdout)
    return version is not None and (int(version[1]), int(version[2])) >= (1, 33)


def run_engine(
    engine: EngineName,
    context: Path,
    buildfile: Path,
    output: Path,
    *,
    arch: Arch,
    build_args: Mapping[str, str],
    epoch: int,
    bases: Sequence[Base] = (),
) -> None:
    """Build into the OCI layout ``output``, which must not exist; raises ToolError with the builder's last lines.

    ``bases`` are the images that the build file names, by ``base_name``.
    """
    arguments = [item for name, value in sorted(build_args.items()) for item in ("--build-arg", f"{name}={value}")]
    with tempfile.TemporaryDirectory(prefix="builder-", ignore_cleanup_errors=True) as scratch:
        order = _Order(
            context=context,
            buildfile=buildfile,
            output=output,
            arch=arch,
            arguments=arguments,
            epoch=epoch,
            bases=bases,
            scratch=Path(scratch),
        )
        (_run_buildah if engine == "buildah" else _run_buildx)(order)


def base_name(engine: EngineName, base: Base) -> str:
    """How the build file for that builder is to name a base image, so that just its host or its mirror is asked.

    Buildah is told which host stands for another. BuildKit would ask the host itself after its mirror, so it gets the
    address of the mirror; of that nothing is left in the image, while buildah writes the name into the history.
    """
    return base.name if engine == "buildah" else base.address


def _run_buildah(order: _Order) -> None:
    registries = order.scratch / "registries.conf"
    registries.write_text(registries_conf(order.bases))
    root, runroot = str(order.scratch / "root"), str(order.scratch / "run")
    # A store of its own, on the driver and isolation that work everywhere: nothing of a build stays behind, and
    # nothing of an earlier one is taken over.
    command = [
        "buildah", "--storage-driver", "vfs", "--root", root, "--runroot", runroot,
        "build", "--isolation", "chroot", "--format", "oci", "--no-cache", "--timestamp", str(order.epoch),
        "--identity-label=false", "--arch", order.arch, "--os", "linux", *order.arguments,
        "--file", str(order.buildfile), "--tag", f"oci:{order.output}:{_BUILD_NAME}", str(order.context),
    ]  # fmt: skip
    try:
        _run(_alone(command), "buildah", {"CONTAINERS_REGISTRIES_CONF": str(registries)})
    finally:
        if os.geteuid() != 0:
            # The store has files of the users of a user namespace; only from inside one can they be removed.
            _run_quietly(["buildah", "unshare", "rm", "-rf", root, runroot])


def _run_buildx(order: _Order) -> None:
    with _builder(order) as builder:
        command = [
            "docker", "buildx", "build", "--builder", builder, "--platform", f"linux/{order.arch}",
            "--progress", "plain", "--provenance=false", "--sbom=false", "--no-cache", *order.arguments,
            "--output", f"type=oci,tar=false,dest={order.output},rewrite-timestamp=true",
            "--file", str(order.buildfile), str(order.context),
        ]  # fmt: skip
        _run(command, "docker buildx", {"SOURCE_DATE_EPOCH": str(order.epoch)})


@contextmanager
def _builder(order: _Order) -> Iterator[str]:
    """A builder of our own: the default one of most installations cannot write an OCI layout."""
    name = f"cluster-image-{os.getpid()}"
    settings = order.scratch / "buildkitd.toml"
    settings.write_text(buildkitd_toml(order.bases, os.environ.get("SSL_CERT_FILE")))
    command = [
        "docker", "buildx", "create", "--name", name, "--driver", "docker-container", "--config", str(settings),
        "--driver-opt", f"image={image_pin('docker.io/moby/buildkit')}",
    ]  # fmt: skip
    if any(is_loopback(base.endpoint.host) for base in order.bases):
        command += ["--driver-opt", "network=host"]  # in a network of its own, this machine is another one
    for proxy in PROXY_VARIABLES:
        if value := os.environ.get(proxy, "").replace('"', '""'):  # a field of CSV
            command += ["--driver-opt", f'"env.{proxy}={value}"']
    _run(command, "docker buildx")
    try:
        yield name
    finally:
        _run_quietly(["docker", "buildx", "rm", "--force", name])


def _environment() -> dict[str, str]:
    """What a builder needs to find its files and the network; it runs foreign code, so nothing that may be secret."""
    passed = {
        name: value for name, value in os.environ.items() if name in _PASSED or name.startswith(_PASSED_PREFIXES)
    }
    return {**passed, "PATH": tools.trusted_path()}


def _found(command: Sequence[str]) -> list[str]:
    """The command with the program where it was found."""
    return [tools.find(command[0]) or command[0], *command[1:]]


def _alone(command: Sequence[str]) -> list[str]:
    """As root, a RUN in a chroot sees the processes that the builder sees, and may be of their user: so only its own.

    Without root, buildah makes a user namespace, in which a RUN is nobody that others are.
    """
    unshare = tools.find("unshare") if os.geteuid() == 0 else None
    if unshare is None:
        return _found(command)
    return [unshare, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *_found(command)]


def _has_buildx() -> bool:
    if tools.find("docker") is None:
        return False
    # Asks the daemon too: a docker command without its daemon builds nothing.
    for question in (["docker", "buildx", "version"], ["docker", "version", "--format", "{{.Server.Version}}"]):
        if not _run_quietly(question):
            return False
    return True


def _run(command: Sequence[str], name: str, environment: Mapping[str, str] | None = None) -> None:
    tail = OutputTail(_TAIL_LINES)
    with subprocess.Popen(
        _found(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env={**_environment(), **(environment or {})},
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            tail.follow(process.stdout, None)
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        lines = tail.lines()
        shown = "\n".join(f"  | {line}" for line in lines)
        message = f"{name} failed with exit code {process.returncode}; its last lines:\n{shown}"
        hint = _FOREIGN_HINT if _FOREIGN in shown.lower() else "fix what the last lines name"
        raise ToolError(Problem("engine-failed", message, hint))


def _run_quietly(command: Sequence[str]) -> bool:
    """Whether the command went well; what it says is of no interest."""
    quiet = subprocess.DEVNULL
    return (
        subprocess.run(
            _found(command), stdout=quiet, stderr=quiet, stdin=quiet, check=False, env=_environment()
        ).returncode
        == 0
    )
