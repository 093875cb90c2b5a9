"""Images that this machine has: in the store that podman, buildah and Sealos share, or with the Docker daemon.

Only their programs know how to read them, so each writes an archive of the one image (containers-transports(5)).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from action.errors import InputError, Problem, ToolError
from action.model.findings import Archive, Store
from action.model.reference import ImageReference

_PASSED = frozenset({"HOME", "LANG", "LOGNAME", "PATH", "STORAGE_DRIVER", "STORAGE_OPTS", "TMPDIR", "USER"})
_PASSED_PREFIXES = ("CONTAINERS_", "DOCKER_", "XDG_")
_PROGRAMS: dict[Store, tuple[str, ...]] = {
    "containers-storage": ("skopeo", "buildah", "podman"),
    "docker-daemon": ("docker",),
}


def exported(store: Store, reference: ImageReference, folder: Path) -> Archive:
    """An archive in ``folder`` of an image of ``store``.

    Raises InputError when no program here can read that store, ToolError when the program cannot give the image.
    """
    program = next((name for name in _PROGRAMS[store] if shutil.which(name)), None)
    if program is None:
        names = " or ".join(_PROGRAMS[store])
        message = f"{reference} is to come from {store}, which only {names} can read, and none of them is installed"
        hint = "install one, or leave the prefix out, so that the image comes from its registry"
        raise InputError(Problem("no-store-program", message, hint))
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "exported.tar"
    done = subprocess.run(
        _command(program, reference, file),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={
            name: value for name, value in os.environ.items() if name in _PASSED or name.startswith(_PASSED_PREFIXES)
        },
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        message = f"{program} cannot give {reference} from {store}: {said[-400:]}"
        raise ToolError(Problem("not-in-store", message, "pull or build the image on this machine first"))
    return Archive(kind="docker-archive" if program == "docker" else "oci-archive", path=file)


def _command(program: str, reference: ImageReference, file: Path) -> list[str]:
    """Names are in the store as they are written; Docker's own are without its domain, and it takes them with it."""
    name = str(reference)
    if program == "skopeo":
        return ["skopeo", "--insecure-policy", "copy", f"containers-storage:{name}", f"oci-archive:{file}"]
    if program == "docker":
        return ["docker", "save", "--output", str(file), name]
    return [program, "push", name, f"oci-archive:{file}"]
