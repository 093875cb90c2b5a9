"""What an init.sh tries against the machine that runs it, for real: each is tried as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from action.environment import tools

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108
SOMEBODY = 1234
"""A user without an account, who stands for the runner's user where there is no sudo."""

RUN = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from action.context.staging import staged
from action.context.init_script import InitRules, run_init
from generator.errors import run
def main():
    with staged(Path(sys.argv[2]), "applications/web/v1") as context:
        rules = InitRules(unboxed=json.loads(sys.argv[4]))
        run_init(context, arch="amd64", app="web", version="v1", passed={}, label="web/v1/init.sh", rules=rules)
        for path in sorted(context.glob("said*")):
            Path(sys.argv[3], path.name).write_bytes(path.read_bytes())
    return 0
sys.exit(run(main))
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
users = pytest.mark.parametrize("user", [pytest.param(0, marks=as_root), SOMEBODY])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that every user may pass through, with a build directory, a place for answers and one for TMPDIR."""
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    for name in ("v1", "answers", "tmp", "home"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    return tmp_path


def command(place: Path, script: str, user: int, *, unboxed: bool = False) -> list[str]:
    """What builds as ``user``: the stage and init.sh of a build, in a process of its own."""
    (place / "v1" / "init.sh").write_text(script)
    start = [
        sys.executable,
        "-I",
        "-c",
        RUN,
        str(ROOT),
        str(place / "v1"),
        str(place / "answers"),
        json.dumps(unboxed),
    ]
    if user == os.geteuid():
        return start
    if os.geteuid() != 0:
        pytest.skip("this is not that user")
    # An interpreter that this user can reach: the one of the tests may lie in somebody's home.
    start[:1] = ["/usr/bin/python3"]
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs", *start]


def environment(place: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    path = os.environ["PATH"]
    return {
        "PATH": path,
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "tmp"),
        "LANG": "C.UTF-8",
        **(extra or {}),
    }


def build(
    place: Path, script: str, user: int, extra: Mapping[str, str] | None = None, *, unboxed: bool = False
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(place, script, user, unboxed=unboxed),
        env=environment(place, extra),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )


def said(place: Path, name: str = "said") -> str:
    return (place / "answers" / name).read_text()


@users
def test_it_writes_below_its_context_its_home_and_tmp_and_nowhere_else(place: Path, user: int) -> None:
    """So there is no directory that it may write and that later code executes, imports or sources."""
    open_to_all = place / "opt"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    done = build(
        place,
        f"""
        : > said
        touch {open_to_all}/planted "$HOME/mine" /tmp/mine-{place.name} context-mine 2>> errors
        awk '$6 !~ /^ro/ {{ print $5 }}' /proc/self/mountinfo | while read -r path; do
            test -w "$path" && echo "$path"; done >> said
        find / -maxdepth 3 -path /proc -prune -o -type d -writable -print 2> /dev/null | sort >> said
        pwd > said-where; echo "$HOME" >> said-where
        """,
        user,
    )
    assert done.returncode == 0, done.stderr
    # What the box has in place of the machine's own directories for temporary files is its own, and goes with it.
    own = (*said(place, "said-where").split(), *PRIVATE)
    assert not [path for path in said(place).splitlines() if not path.startswith(own)]
    assert not list(open_to_all.iterdir())
    assert not [path for path in PRIVATE if Path(path, f"mine-{place.name}").exists()]


@users
def test_a_program_planted_on_path_is_not_run_afterwards(place: Path, user: int) -> None:
    """A directory of PATH that everybody may write to, as /opt/pipx_bin of hosted runners is (A3)."""
    shared = place / "pipx_bin"
    shared.mkdir()
    shared.chmod(0o777)
    plant = f"printf '#!/bin/sh\\necho taken' > {shared}/helm; chmod 755 {shared}/helm; : > said"
    done = build(place, plant, user, {"PATH": f"{shared}:/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    assert not (shared / "helm").exists()


def test_a_program_that_everybody_may_replace_is_copied_before_anybody_can(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = place / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "helm").write_text("#!/bin/sh\necho ours\n")
    (shared / "helm").chmod(0o755)
    monkeypatch.setenv("PATH", str(shared))
    tools.remember()
    (shared / "helm").write_text("#!/bin/sh\necho theirs\n")
    found = tools.find("helm")
    assert found is not None
    assert not found.startswith(str(shared))
    assert subprocess.run([found], capture_output=True, text=True, check=True).stdout == "ours\n"


@as_root
def test_a_program_of_somebody_else_or_open_to_all_is_not_found(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, mode, owner in (("open", 0o777, 0), ("theirs", 0o755, SOMEBODY)):
        folder = place / name
        folder.mkdir()
        (folder / "helm").write_text("#!/bin/sh\n")
        (folder / "helm").chmod(mode)
        os.chown(folder / "helm", owner, owner)
        monkeypatch.setenv("PATH", str(folder))
        assert tools.find("helm") is None
        monkeypatch.setenv("PATH", f"{folder}:{place}/none:relative")
        assert tools.find("helm") is None


@users
def test_it_sees_no_process_and_no_environment_of_others(place: Path, user: int) -> None:
    """Tokens stand in the environment of the process that starts it (A4)."""
    script = """
    cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' > said
    ls -d /proc/[0-9]* | wc -l > said-count
    """
    done = build(place, script, user, {"IMAGEBUILD_PASSWORD": "hunter2", "ACTIONS_RUNTIME_TOKEN": "hunter3"})
    assert done.returncode == 0, done.stderr
    assert "hunter" not in said(place)
    assert int(said(place, "said-count")) < 8


@users
def test_the_sockets_of_services_and_the_home_of_the_builder_are_not_there(place: Path, user: int) -> None:
    done = build(place, "find /run -type s > said 2>/dev/null; ls -A /root > said-home 2>/dev/null; true", user)
    assert done.returncode == 0, done.stderr
    assert said(place) == ""
    assert said(place, "said-home") == ""


@users
def test_it_becomes_nobody_else(place: Path, user: int) -> None:
    done = build(
        place,
        "grep -E 'CapEff|NoNewPrivs' /proc/self/status > said; "
        "(mount -o remount,rw / || mount -t tmpfs none /mnt) 2>/dev/null && echo mounted >> said; "
        "(unshare -Urm sh -c 'mount -o remount,rw,bind / && touch /usr/planted') 2>/dev/null && echo again >> said; "
        "true",
        user,
    )
    assert done.returncode == 0, done.stderr
    assert said(place).split() == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1"]
    assert not Path("/usr/planted").exists()


@as_root
def test_two_runs_are_two_users_that_cannot_touch_each_other(place: Path) -> None:
    """All init.sh of a machine were one user, who rewrote another's image (A6)."""
    build(place, "id -u > said; id -un > said-name; stat -c %u . > said-owner", 0)
    first = said(place), said(place, "said-owner")
    build(place, "id -u > said; stat -c %u . > said-owner", 0)
    assert first[0] == first[1]
    assert said(place) != first[0]
    assert said(place, "said-name") == "builder\n"


@as_root
def test_a_folder_swapped_for_a_link_while_owners_change_gives_nothing_away(place: Path) -> None:
    """While root hands a context over, somebody who owns a part of it puts a link in place of a folder (A6)."""
    victim = place / "victim"
    victim.mkdir()
    for number in range(50):
        (victim / f"program{number}").write_text("x")
    script = f"mkdir -p a/b; touch a/b/c; ln -s {victim} a/link; ln -s {victim}/program1 a/file; : > said"
    assert build(place, script, 0).returncode == 0
    swapped = place / "tree"
    (swapped / "folder").mkdir(parents=True)
    swapper = subprocess.Popen(
        ["sh", "-c", f"while :; do mv {swapped}/folder {swapped}/away; ln -s {victim} {swapped}/folder; "
         f"rm {swapped}/folder; mv {swapped}/away {swapped}/folder; done"],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    give = "from action.context.sandbox.ownership import give; import sys; give(sys.argv[1], 4321, 4321)"
    try:
        for _ in range(20):
            subprocess.run([sys.executable, "-c", give, swapped], cwd=ROOT, capture_output=True, check=False)
    finally:
        swapper.kill()
        swapper.wait()
    assert {path.stat().st_uid for path in (victim, *victim.iterdir())} == {0}


@users
def test_without_a_box_a_runner_of_github_refuses_and_a_setting_allows_it(place: Path, user: int) -> None:
    """Namespaces are forbidden here, as they are in a container that may do nothing special."""
    script = "id -u > said; echo $TMPDIR > said-tmp; touch $TMPDIR/x"
    runner = {"GITHUB_ACTIONS": "true"}
    prefix = _without_namespaces(place)
    for unboxed, code in ((False, 1), (True, 0)):
        done = subprocess.run(
            [*prefix, *command(place, script, user, unboxed=unboxed)],
            env=environment(place, runner),
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "no box for it" in done.stderr
        assert (place / "answers" / "said").exists() is unboxed
    assert "allow_unboxed_init" in _refusal(place, script, user, prefix)
    if user == 0:
        assert int(said(place)) > 60_000  # even so it is a user of its own


def _refusal(place: Path, script: str, user: int, prefix: list[str]) -> str:
    return subprocess.run(
        [*prefix, *command(place, script, user)],
        env=environment(place, {"GITHUB_ACTIONS": "true"}),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    ).stderr


def _without_namespaces(place: Path) -> list[str]:
    """What takes the right to make namespaces from a command: no capability for them, and no user namespace."""
    if os.geteuid() != 0:
        pytest.skip("only root can take rights away")
    # In a changed root nobody makes a user namespace (user_namespaces(7)), and without CAP_SYS_ADMIN root makes none.
    inner = 'mount --rbind / "$0" && exec chroot "$0" setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$@"'
    root = place / "root"
    root.mkdir()
    return ["unshare", "--mount", "sh", "-c", inner, str(root)]


@users
@pytest.mark.parametrize("to_group", [False, True], ids=["process", "group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_no_signal_leaves_it_running_or_a_folder_behind(
    place: Path, user: int, number: signal.Signals, to_group: bool
) -> None:
    """A8. The script tells that it runs by a file in the context, which somebody outside can see as root only."""
    mark = f"marker-{time.time_ns()}"
    script = f"echo started-{mark}; (setsid sh -c 'trap \"\" TERM INT HUP; sleep 600 # {mark}' &); sleep 600 # {mark}"
    process = subprocess.Popen(
        command(place, script, user),
        env=environment(place),
        cwd=place,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert f"started-{mark}" in process.stderr.readline()
    (os.killpg if to_group else os.kill)(process.pid, number)
    _, errors = process.communicate()
    assert process.returncode == 128 + number, errors
    assert errors.endswith("interrupted\n")
    assert list((place / "tmp").iterdir()) == []
    assert not _running(mark)


@users
def test_when_the_build_is_killed_it_ends_too(place: Path, user: int) -> None:
    mark = f"marker-{time.time_ns()}"
    process = subprocess.Popen(
        command(place, f"echo started; (setsid sleep 600 # {mark}) & sleep 600 # {mark}", user),
        env=environment(place),
        cwd=place,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    process.kill()
    process.communicate()  # the box holds the other end of the pipe until it has gone
    for _ in range(100):
        if not _running(mark):
            break
        time.sleep(0.1)
    assert not _running(mark)


def _running(mark: str) -> list[str]:
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if mark in line]


@users
def test_1500_nested_folders_are_given_back_and_removed(place: Path, user: int) -> None:
    done = build(place, "for i in $(seq 1500); do mkdir d && cd d; done; touch end; chmod 000 .; : > $HOME/x", user)
    assert done.returncode == 0, done.stderr
    assert list((place / "tmp").iterdir()) == []


@users
def test_output_without_line_ends_takes_no_memory(place: Path, user: int) -> None:
    script = "head -c 300000000 /dev/zero | tr '\\0' x; exit 5"
    (place / "v1" / "init.sh").write_text(script)
    limited = ["sh", "-c", 'ulimit -v 400000; exec "$@"', "sh", *command(place, script, user)]
    with (place / "log").open("wb") as log:
        done = subprocess.run(limited, env=environment(place), cwd=place, stderr=log, check=False)
    assert done.returncode == 1
    assert "failed with exit code 5" in (place / "log").read_bytes()[-5000:].decode()
    (place / "log").unlink()


@users
@pytest.mark.parametrize("tool", ["docker", "sudo", "podman"])
def test_a_program_that_no_box_has_fails_the_build_though_the_script_goes_on(
    place: Path, user: int, tool: str
) -> None:
    done = build(place, f"{tool} run x || true; : > said", user)
    assert done.returncode == 1
    assert f"calls {tool}, which it cannot use" in done.stderr
    assert "docs/init-script.md" in done.stderr


@users
def test_the_authorities_that_the_machine_trusts_are_handed_on(place: Path, user: int) -> None:
    (place / "ca.pem").write_text("authority")
    (place / "ca.pem").chmod(0o644)
    done = build(place, 'cat "$SSL_CERT_FILE" > said', user, {"SSL_CERT_FILE": str(place / "ca.pem")})
    assert done.returncode == 0, done.stderr
    assert said(place) == "authority"


@as_root
@pytest.mark.real("sudo")
def test_on_a_runner_with_sudo_it_is_a_user_of_its_own_though_user_namespaces_are_restricted(place: Path) -> None:
    """As on GitHub's runners: an ordinary user with sudo, who may make no namespace that is of any use."""
    account = "nobody"
    rules = place / "sudoers.d"
    rules.mkdir()
    (rules / "runner").write_text(f"{account} ALL=(ALL) NOPASSWD: ALL\n")
    (rules / "runner").chmod(0o440)
    for name in ("v1", "answers", "tmp", "home"):
        os.chown(place / name, 65534, 65534)
    script = "id -u > said; id -un > said-name; cat /proc/[0-9]*/environ 2>/dev/null > said-environ; mkdir -p a/b"
    start = command(place, script, 0)
    start[:1] = ["/usr/bin/python3"]
    inner = 'mount --bind "$0" /etc/sudoers.d && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", inner, str(rules), *start],
        env={
            **environment(place, {"GITHUB_ACTIONS": "true", "TOKEN_X": "hunter2"}),
            "PATH": "/usr/sbin:/usr/bin:/bin",
        },
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(said(place)) > 60_000
    assert int(said(place)) != 65534
    assert said(place, "said-name") == "builder\n"
    assert "hunter" not in said(place, "said-environ")
    assert list((place / "tmp").iterdir()) == []
