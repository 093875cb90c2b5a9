"""The installation against a hostile package index on loopback: nothing of an index runs, nothing of ours is told."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from action import bootstrap

pytestmark = pytest.mark.slow

NAME = "ours"
SECRETS = {
    "IMAGEBUILD_PASSWORD": "hunter2",
    "IMAGEBUILD_TOKEN": "ghs_secret",
    "GITHUB_TOKEN": "ghs_secret",
    "ACTIONS_RUNTIME_TOKEN": "ghs_secret",
}
# As a build backend in the archive itself, so that no other package is needed: it runs when it is imported.
BACKEND = "import os, pathlib\npathlib.Path({marker!r}).write_text(str(dict(os.environ)))\n"


class Index:
    """A simple index (PEP 503) with the files of one package, and the lock file of who reviewed them."""

    def __init__(self, folder: Path, marker: Path) -> None:
        self.folder = folder
        self.files = folder / "simple" / NAME
        self.files.mkdir(parents=True)
        self.marker = marker
        self.wheel, self.archive = _wheel(), _archive(BACKEND.format(marker=str(marker)))
        self.url = ""

    def serve(self, **files: bytes) -> None:
        """Have just these files; the key of a wheel is ``wheel``, that of a source archive ``archive``."""
        names = {"wheel": f"{NAME}-1.0-py3-none-any.whl", "archive": f"{NAME}-1.0.tar.gz"}
        for kind, content in files.items():
            (self.files / names[kind]).write_bytes(content)
        links = "".join(f'<a href="{names[kind]}">{names[kind]}</a>' for kind in files)
        (self.files / "index.html").write_text(f"<html><body>{links}</body></html>")

    def lock(self, path: Path) -> Path:
        hashes = [hashlib.sha256(content).hexdigest() for content in (self.wheel, self.archive)]
        path.write_text(f"{NAME}==1.0 \\\n    --hash=sha256:{hashes[0]} \\\n    --hash=sha256:{hashes[1]}\n")
        return path


def _wheel() -> bytes:
    files = {
        f"{NAME}.py": b"VALUE = 1\n",
        f"{NAME}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n".encode(),
        f"{NAME}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{NAME}-1.0.dist-info/RECORD"
    lines = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for name, data in files.items()
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in {**files, record: "\n".join([*lines, f"{record},,\n"]).encode()}.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _archive(backend: str) -> bytes:
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "evil"\nbackend-path = ["."]\n',
        "evil.py": backend,
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n",
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{NAME}-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(params=["pip", "uv"])
def index(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index that the environment names, for each installer that there may be."""
    served = Index(tmp_path / "index", tmp_path / "ran")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(served.folder)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    use_index(monkeypatch, tmp_path, served.url)
    uv = shutil.which("uv")
    if request.param == "uv" and uv is None:
        pytest.skip("uv is not installed")
    monkeypatch.setattr(shutil, "which", lambda name: uv if name == "uv" and request.param == "uv" else None)
    yield served
    server.shutdown()
    server.server_close()


def use_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    for name in bootstrap.PASSED:
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name, raising=False)
    for name, value in {
        **SECRETS,
        "PIP_INDEX_URL": url,
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
        "PIP_NO_BINARY": ":all:",
        "RUNNER_TEMP": str(tmp_path / "temp"),
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "temp").mkdir()


def test_what_was_reviewed_is_installed_and_kept_for_the_next_step(index: Index, tmp_path: Path) -> None:
    index.serve(wheel=index.wheel, archive=index.archive)
    packages = bootstrap.read_lock(index.lock(tmp_path / "lock.txt"))
    folder = bootstrap._folder_with(packages)
    assert (folder / f"{NAME}.py").read_text() == "VALUE = 1\n"
    assert not index.marker.exists()
    index.serve()
    assert bootstrap._folder_with(packages) == folder
    assert [path.name for path in (tmp_path / "temp").iterdir()] == [folder.name]


def test_a_withheld_wheel_lets_no_source_archive_run(index: Index, tmp_path: Path) -> None:
    """pip builds a locked archive with whatever the index calls setuptools, beside the registry's password."""
    index.serve(archive=index.archive)
    with pytest.raises(SystemExit, match="could not be installed"):
        bootstrap._folder_with(bootstrap.read_lock(index.lock(tmp_path / "lock.txt")))
    assert not index.marker.exists()


def test_a_wheel_of_another_hash_is_refused(index: Index, tmp_path: Path) -> None:
    index.serve(wheel=index.wheel.replace(b"VALUE = 1", b"VALUE = 2"))
    with pytest.raises(SystemExit, match="could not be installed"):
        bootstrap._folder_with(bootstrap.read_lock(index.lock(tmp_path / "lock.txt")))


def test_the_makefile_s_environment_is_made_in_the_same_way(index: Index, tmp_path: Path) -> None:
    index.serve(archive=index.archive)
    with pytest.raises(SystemExit, match="could not be installed"):
        bootstrap.install(tmp_path / "venv", index.lock(tmp_path / "lock.txt"))
    assert not index.marker.exists()
    index.serve(wheel=index.wheel)
    bootstrap.install(tmp_path / "venv", tmp_path / "lock.txt")
    command = [str(tmp_path / "venv/bin/python"), "-c", f"import {NAME}; print({NAME}.VALUE)"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"


def test_no_credential_and_no_file_of_settings_reaches_an_installer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_index(monkeypatch, tmp_path, "http://127.0.0.1:9/simple")
    environment = bootstrap._environment()
    assert not SECRETS.keys() & environment.keys()
    assert not [value for value in environment.values() if value in SECRETS.values()]
    assert "PIP_NO_BINARY" not in environment
    assert environment["PIP_CONFIG_FILE"] == "/dev/null"


def test_an_index_that_cannot_be_reached_is_one_message(repository: Path, tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"{NAME}==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
    }
    command = [sys.executable, "-I", str(repository / "action/bootstrap.py"), "install", str(tmp_path / "venv")]
    process = subprocess.run([*command, str(lock)], env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert process.stderr.count("error: the packages of cluster-image could not be installed") == 1
    assert "hint: run the job again; where the index cannot be reached, PIP_INDEX_URL names another" in process.stderr


def test_what_an_installer_prints_is_no_command_to_the_runner() -> None:
    said = bootstrap._failure("ERROR: ::add-mask::x\nERROR: ##[error]\x1b[31mred\n::set-env::")
    assert "##[" not in said
    assert not [line for line in said.splitlines() if line.lstrip().startswith("::")]
    assert "\x1b" not in said


def test_another_version_than_the_locked_one_does_not_do(repository: Path) -> None:
    locked = {each.name: each for each in bootstrap.read_lock(repository / "requirements/action.txt")}
    assert bootstrap._installed(locked["urllib3"])
    assert not bootstrap._installed(locked["urllib3"]._replace(version="1.26.20"))
    assert not bootstrap._installed(locked["urllib3"]._replace(name="cluster-image-none"))
