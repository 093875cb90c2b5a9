"""Gives the action a Python that has its packages, then runs it there. Standard library only.

    bootstrap.py run COMMAND            as the composite action: python -m action COMMAND
    bootstrap.py generate [OPTION...]   as the drift check: python -m generator OPTION...
    bootstrap.py install VENV FILE      as the Makefile: a virtual environment with the packages of a lock file

An interpreter that has the packages already is used as it is: a runner image may bring them. The packages are locked
by hash (requirements/), so what runs beside a credential is what was reviewed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
NEEDS_HELM = {"scan", "place", "build"}
HELM_PACKAGE = "helm-python-sdk"
_UNATTENDED = {"DEBIAN_FRONTEND": "noninteractive"}


def main(arguments: list[str]) -> int:
    """Run one of the uses of the module's docstring."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what finds out
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(f"error: cluster-image needs Python 3.11 or newer, and python3 is {found}\n  hint: use ubuntu-24.04")
    if len(arguments) == 3 and arguments[0] == "install":
        install(Path(arguments[1]), Path(arguments[2]))
        return 0
    if len(arguments) == 2 and arguments[0] == "run":
        run("action", arguments[1:])
    if arguments and arguments[0] == "generate":
        run("generator", arguments[1:])
    print(__doc__, file=sys.stderr)
    return 2


def run(package: str, arguments: list[str]) -> NoReturn:
    """Become ``python -m PACKAGE ARGUMENT...`` in an interpreter that has the packages."""
    python = _interpreter(with_helm=not NEEDS_HELM.isdisjoint(arguments) and shutil.which("helm") is None)
    # -P: the workspace may hold a package called "action" too, which must not be imported instead of ours
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    os.execve(python, [python, "-P", "-m", package, *arguments], environment)  # noqa: S606 - no shell on purpose


def install(venv: Path, lock: Path) -> Path:
    """Make the virtual environment and install the lock file into it; return its interpreter.

    Debian's python3 comes without ensurepip, and perhaps without pip: then its packages bring them, where that is
    possible, or the message says what to install.
    """
    if not _has("ensurepip") and not _has("pip"):
        _install_pip()
    python = venv / "bin" / "python"
    own_pip = _has("ensurepip")
    subprocess.run([sys.executable, "-m", "venv", *([] if own_pip else ["--without-pip"]), str(venv)], check=True)
    pip = [str(python), "-m", "pip"] if own_pip else [sys.executable, "-m", "pip", "--python", str(python)]
    subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(lock)], check=True
    )
    return python


def _has(module: str) -> bool:
    importlib.invalidate_caches()
    return importlib.util.find_spec(module) is not None


def _install_pip() -> None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        sys.exit("error: this Python has neither ensurepip nor pip\n  hint: as root: apt-get install python3-venv")
    print("this Python has neither ensurepip nor pip: installing python3-venv", flush=True)
    for command in ([apt, "update"], [apt, "install", "--yes", "--no-install-recommends", "python3-venv"]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **_UNATTENDED})


def _interpreter(*, with_helm: bool) -> str:
    wanted = _direct_dependencies() + ([HELM_PACKAGE] if with_helm else [])
    if all(_installed(name) for name in wanted):
        return sys.executable
    lock = ROOT / "requirements" / ("helm.txt" if with_helm else "action.txt")
    venv = Path(os.environ["RUNNER_TEMP"]) / f"cluster-image-{lock.stem}"
    return str(install(venv, lock))


def _direct_dependencies() -> list[str]:
    import tomllib  # Python 3.11; the check of the version must come first

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [requirement.split(">=")[0] for requirement in project["dependencies"]]


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
