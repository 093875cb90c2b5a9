"""Helm's own SDK (PyPI ``helm-python-sdk``) as an engine: no program needed, and its start is paid for once."""

from __future__ import annotations

import json
import queue
import select
import subprocess
import tempfile
import time
import weakref
from pathlib import Path
from typing import Any

from action.discovery.helm import sdk_process
from action.discovery.helm.engine import Release, RenderedTemplate, RenderError
from action.discovery.helm.limits import OUTPUT, TIMEOUT, TOO_MUCH
from action.discovery.helm.output import MAX_MESSAGE, render_error

_ROOT = Path(__file__).resolve().parents[3]


class LibraryEngine:
    """The SDK in processes of its own, as many as render at once; each keeps the charts that it has loaded."""

    name = "helm-python-sdk"

    def __init__(self) -> None:
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()

    def render(self, chart: Path, release: Release) -> tuple[RenderedTemplate, ...]:
        request = {
            "chart": str(chart.resolve()),
            "values": list(release.values),
            "sets": [(option.flag, option.text) for option in release.sets],
            "options": {
                "name": release.name,
                "namespace": release.namespace,
                "is_install": not release.upgrade,
                "is_upgrade": release.upgrade,
                "kube_version": release.kube_version,
                "api_versions": list(release.api_versions),
            },
        }
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = _Worker()
        answer = worker.ask(request)  # one that failed is not asked again
        self._idle.put(worker)
        if "error" in answer:
            raise render_error(answer["error"])
        if "refused" in answer:
            raise RenderError(answer["refused"])
        return tuple(
            RenderedTemplate(name, tuple(documents), sound=sound) for name, documents, sound in answer["templates"]
        )


class _Worker:
    """One process; it ends when this is collected."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        command = sdk_process.installed(_ROOT)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0, env={}, cwd="/"
        )
        weakref.finalize(self, _end, self._process)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer; raises RenderError when the process takes too much, or ends."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        end = time.monotonic() + TIMEOUT
        try:
            data = json.dumps(request).encode() + b"\n"
            while data:
                data = data[self._process.stdin.write(data) :]
            size = int.from_bytes(self._read(8, end), "big")
            answer: dict[str, Any] = json.loads(self._read(size, end))
        except BrokenPipeError as error:
            raise self._ended() from error
        except BaseException:
            _end(self._process)
            raise
        return answer

    def _read(self, size: int, end: float) -> bytes:
        output = self._process.stdout
        assert output is not None  # noqa: S101 - it is a pipe
        data = bytearray()
        if size > OUTPUT:
            raise RenderError(TOO_MUCH)
        while len(data) < size:
            if not select.select([output], [], [], max(0.0, end - time.monotonic()))[0]:
                raise RenderError(TOO_MUCH)
            piece = output.read(min(size - len(data), 1 << 20))
            if not piece:
                raise self._ended()
            data += piece
        return bytes(data)

    def _ended(self) -> RenderError:
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read(MAX_MESSAGE).decode("utf-8", "replace").strip().partition("\n")[0]
        return RenderError(f"{TOO_MUCH} (it ended with {code}: {said or 'it said nothing'})")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.wait()
