from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from action.context.init_script import passed_variables, run_init
from action.errors import ToolError


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A context below folders that anybody may pass through, as action.context stages it."""
    for parent in [tmp_path, *tmp_path.parents[:3]]:
        parent.chmod(parent.stat().st_mode | 0o011)
    folder = tmp_path / "context"
    folder.mkdir()
    return folder


def run(context: Path, script: str, passed: dict[str, str] | None = None) -> None:
    (context / "init.sh").write_text(script)
    run_init(context, arch="arm64", app="web", version="v1", passed=passed or {}, label="applications/web/v1/init.sh")


def test_it_gets_arch_app_and_version_and_writes_into_the_context(context: Path) -> None:
    run(context, 'echo "$@ $ARCH $NAME $VERSION" > said; mkdir -p opt; echo x > opt/tool')
    assert (context / "said").read_text() == "arm64 web v1 arm64 web v1\n"
    assert (context / "opt" / "tool").stat().st_uid == os.getuid()


def test_a_directory_without_it_is_fine(context: Path) -> None:
    run_init(context, arch="amd64", app="web", version="v1", passed={}, label="init.sh")
    assert list(context.parent.iterdir()) == [context]


def test_its_environment_holds_no_credential(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "IMAGEBUILD_PASSWORD", "ACTIONS_RUNTIME_TOKEN", "GITHUB_ENV", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, "s3cret")
    monkeypatch.setenv("HELM_BASE_URL", "http://127.0.0.1:1")
    run(context, "env > environment", passed_variables(("HELM_BASE_URL", "NOT_SET")))

    seen = dict(line.split("=", 1) for line in (context / "environment").read_text().splitlines())
    assert set(seen) - {"PWD", "SHLVL", "_"} - set(passed_variables(("http_proxy", "https_proxy", "no_proxy"))) <= {
        *("PATH", "HOME", "LANG", "ARCH", "NAME", "VERSION", "HELM_BASE_URL"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"),
    }
    assert "s3cret" not in seen.values()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_as_root_it_runs_as_a_user_who_reads_no_environment_of_ours(context: Path) -> None:
    run(
        context,
        f"id -un > who; cat /proc/{os.getpid()}/environ > environment 2>/dev/null || echo refused > environment",
    )
    assert (context / "who").read_text() == "builder\n"
    assert (context / "environment").read_text() == "refused\n"


def test_a_failure_names_the_script_its_exit_code_and_its_last_lines(context: Path) -> None:
    with pytest.raises(ToolError) as caught:
        run(context, "for i in $(seq 40); do echo line $i; done; echo 'no such release' >&2; exit 7")
    message = str(caught.value)
    assert message.startswith("error: applications/web/v1/init.sh: failed with exit code 7; its last lines:")
    assert "no such release" in message
    assert "line 40" in message
    assert "line 20" not in message
    assert caught.value.exit_code == 1


def test_nothing_that_it_started_outlives_it(context: Path) -> None:
    marker = f"{time.time_ns()}"
    started = time.monotonic()
    run(context, f"(setsid sh -c 'trap \"\" TERM HUP; sleep 600 # {marker}' &) ; exec -a leftover-{marker} true &")
    assert time.monotonic() - started < 60
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert not [line for line in listing.splitlines() if marker in line]


def test_the_runner_reads_no_command_from_its_output(
    context: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    run(context, "echo '::add-mask::web'; echo '##[add-mask]web'; printf '::error::no newline'")
    lines = capfd.readouterr().err.splitlines()
    stop = lines[0]
    assert stop.startswith("::stop-commands::")
    assert lines[-1] == f"::{stop.removeprefix('::stop-commands::')}::"
    assert "::add-mask::web" in lines[1:-1]
