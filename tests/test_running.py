"""script/server and script/test: what they say when something is in the way, and that they leave nothing behind."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from script import installation, uv
from script.embedded import Postgres
from script.supervise import Failed, Service, Supervisor, free_port, require_free, responds

ROOT = Path(__file__).resolve().parent.parent
PORT_VARIABLES = [f"SOUNDINGS_{name}" for name in ("PORT", "MAILBOX_PORT", "SMTP_PORT", "POSTGRES_PORT", "REDIS_PORT")]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Nothing but a place of its own: no settings of the suite, no services of ours."""
    clean = {name: value for name, value in os.environ.items() if name not in installation.names_of_settings()}
    ports = {name: str(free_port()) for name in PORT_VARIABLES}
    return {**clean, **ports, "SOUNDINGS_ENV_FILE": os.devnull, "SOUNDINGS_VAR": str(tmp_path / "var")}


def server(env: dict[str, str], *, root: Path = ROOT, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, str(root / "script" / "server")],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def only_line(text: str) -> str:
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


# --- What stands in the way is said in one line -----------------------------------------------------------------------
def test_server_names_a_taken_port_and_its_variable(env):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        done = server({**env, "SOUNDINGS_PORT": taken})
    line = only_line(done.stderr)
    assert done.returncode == 1
    assert f"Port {taken} is taken" in line
    assert "SOUNDINGS_PORT" in line


def test_server_refuses_what_is_no_port(env):
    done = server({**env, "SOUNDINGS_REDIS_PORT": "6379x"})
    assert done.returncode == 1
    assert only_line(done.stderr) == (
        "Soundings cannot start: SOUNDINGS_REDIS_PORT is '6379x', which is not a port: give a number from 1 to 65535."
    )


def test_server_refuses_one_port_for_two(env):
    done = server({**env, "SOUNDINGS_REDIS_PORT": env["SOUNDINGS_PORT"]})
    assert done.returncode == 1
    assert "Two services were given one port" in only_line(done.stderr)


def test_second_server_on_the_same_folder_is_refused(env):
    var = Path(env["SOUNDINGS_VAR"])
    var.mkdir()
    with (var / "server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("process 1, http://localhost:8000/")
        lock.flush()
        done = server(env)
    assert done.returncode == 1
    assert f"already runs on {var} (process 1, http://localhost:8000/)" in only_line(done.stderr)


@pytest.mark.timeout(240)
def test_broken_requirements_are_said_with_where_to_look(env, tmp_path):
    shutil.copytree(ROOT / "script", tmp_path / "copy" / "script")
    (tmp_path / "copy" / "requirements.txt").write_text(f"there-is-no-such-thing==1 --hash=sha256:{'0' * 64}\n")
    done = server({**env, "PIP_NO_INDEX": "1"}, root=tmp_path / "copy", python=sys._base_executable)
    line = only_line(done.stderr)
    assert done.returncode == 1
    assert "Installing requirements.txt failed" in line
    assert "there-is-no-such-thing" in line
    assert f"{env['SOUNDINGS_VAR']}/log/install.log" in line
    assert not (tmp_path / "copy" / ".venv" / "installed-requirements").exists()


@pytest.mark.parametrize(
    ("compiled_with", "system_first"), [("'--enable-shared' '--enable-optimizations'", False), ("", True), (None, True)]
)
def test_python_without_its_optimisations_gives_way_to_the_distribution_s(monkeypatch, compiled_with, system_first):
    monkeypatch.setattr(installation.sysconfig, "get_config_var", {"CONFIG_ARGS": compiled_with}.get)
    system = f"/usr/bin/python3.{sys.version_info.minor}"
    assert installation._bases() == ([system] if system_first else []) + [sys.executable]


def test_venv_is_made_from_the_first_python_that_can(monkeypatch, tmp_path):
    without = tmp_path / "python"  # as Debian's without its package python3-venv
    without.write_text("#!/bin/sh\nexit 1\n")
    without.chmod(0o755)
    unable = [str(tmp_path / "missing"), str(without)]
    monkeypatch.setattr(installation, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(installation, "_bases", lambda: [*unable, sys.executable, "/bin/false"])
    installation._make_venv(tmp_path / "log")
    made = subprocess.check_output([tmp_path / ".venv" / "bin" / "python", "-c", "import sys; print(sys.version)"])
    assert made.decode().strip() == sys.version
    monkeypatch.setattr(installation, "_bases", lambda: unable)
    with pytest.raises(Failed, match="apt-get install python3-venv"):
        installation._make_venv(tmp_path / "log")
    assert (tmp_path / ".venv").exists()  # what is there is not removed for nothing


def test_uv_is_told_what_pip_was():
    said = (
        ":env:.cert='/ca.pem'\n:env:.index-url='https://mirror.example/simple'\nfreeze.timeout='1'\n"
        "global.cert='/other.pem'\nglobal.constraint='/c.txt'\n"
        "global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'\n"
        "global.find-links='/wheels /more'\nglobal.index-url='https://other.example/simple'\nglobal.timeout='60'\n"
    )
    assert uv.settings(said) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_HTTP_TIMEOUT": "60",
        "SSL_CERT_FILE": "/ca.pem",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


# --- Processes --------------------------------------------------------------------------------------------------------
def service(tmp_path: Path, name: str, program: str, *, ready=lambda _: True) -> Service:
    return Service(
        name=name,
        command=[sys.executable, "-c", program],
        env=os.environ,
        log=tmp_path / f"{name}.log",
        is_ready=ready,
        ready_seconds=10,
    )


@pytest.fixture
def supervisor(tmp_path: Path):
    """One whose signal handlers do not stay with the suite."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with Supervisor(tmp_path) as supervisor:
        yield supervisor
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_service_that_dies_while_starting_is_told_with_its_last_words(supervisor, tmp_path):
    program = "import atexit; atexit.register(print, 'bye'); raise LookupError('no such table')"
    broken = service(tmp_path, "web", program, ready=lambda _: False)
    told = r"web ended while starting \(exit code 1\)\. Look in .*web\.log\. It said: LookupError: no such table"
    with pytest.raises(Failed, match=told):
        supervisor.start(broken)


def test_service_that_dies_later_is_told(supervisor, tmp_path):
    supervisor.start(service(tmp_path, "web", "import time; time.sleep(60)"))
    worker = service(tmp_path, "worker", "import time; time.sleep(60)")
    supervisor.start(worker)
    worker.process.kill()
    with pytest.raises(Failed, match=r"worker ended unexpectedly \(killed by signal 9\)\. Look in .*worker\.log"):
        supervisor.watch()


def test_services_stop_in_reverse_order(tmp_path):
    says_when_stopped = (
        "import pathlib, signal, sys, time\n"
        "def stop(*_):\n"
        f"    pathlib.Path({str(tmp_path / 'order')!r}).open('a').write(NAME + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop); print('up', flush=True); time.sleep(60)\n"
    )
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with Supervisor(tmp_path) as supervisor:
        for name in ("database", "web", "beat"):
            program = f"NAME = {name!r}\n{says_when_stopped}"
            supervisor.start(service(tmp_path, name, program, ready=lambda started: "up" in started.said()))
    for number, handler in kept.items():
        signal.signal(number, handler)
    assert (tmp_path / "order").read_text().split() == ["beat", "web", "database"]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_children_die_with_a_killed_parent(tmp_path):
    program = (
        "import os, pathlib, sys; sys.path.insert(0, os.environ['ROOT'])\n"
        "from script.supervise import Service, Supervisor\n"
        "child = Service('c', ['sleep', '60'], os.environ, pathlib.Path('c.log'), lambda _: True)\n"
        "with Supervisor(pathlib.Path('.')) as supervisor:\n"
        "    supervisor.start(child); print(child.process.pid, flush=True); supervisor.watch()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "ROOT": str(ROOT)}, stdout=subprocess.PIPE
    )
    child = Path("/proc", parent.stdout.readline().decode().strip())
    assert child.exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    give_up = time.monotonic() + 10
    while child.exists() and "State:\tZ" not in (child / "status").read_text():
        assert time.monotonic() < give_up, "the child outlived its parent"
        time.sleep(0.05)


def test_port_that_is_freed_within_the_grace_is_taken_over():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(Failed, match=f"Port {port} is taken, so the thing cannot start"):
            require_free({port: ("the thing", "THING_PORT")}, grace_seconds=0)
    require_free({port: ("the thing", "THING_PORT")}, grace_seconds=0)


@pytest.mark.parametrize(
    ("folder", "durable", "found"),
    [("s", False, "/soundings?host="), ("l" * 90, False, "@127.0.0.1:5433/"), ("s", True, "@127.0.0.1:5433/")],
    ids=["of tests", "too long for a socket", "of people"],
)
def test_where_postgresql_is_asked(folder, durable, found):
    with tempfile.TemporaryDirectory(dir="/tmp") as place:  # a folder of pytest's may be too long by itself
        var = Path(place, folder)
        var.mkdir()
        assert found in Postgres(var=var, port=5433, durable=durable).url


# --- Settings and secrets ---------------------------------------------------------------------------------------------
def test_env_example_tells_of_every_setting_and_no_other():
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', (ROOT / "config" / "settings.py").read_text()))
    ports = set(re.findall(r'"(SOUNDINGS_\w*PORT)"', (ROOT / "script" / "server").read_text()))
    assert installation.names_of_settings() == read | ports


def test_secret_is_made_once_and_for_its_owner_alone(tmp_path):
    made = installation.secret(tmp_path, "secret_key")
    assert installation.secret(tmp_path, "secret_key") == made
    assert len(made) >= 50
    assert (tmp_path / "secrets" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_dotenv_is_read_as_the_settings_read_it(tmp_path):
    (tmp_path / ".env").write_text("# a remark\n\nA=1\nexport B='two words'\nC=\"x=y\"\n#D=4\n")
    assert installation.dotenv(tmp_path / ".env") == {"A": "1", "B": "two words", "C": "x=y"}


# --- The command itself -----------------------------------------------------------------------------------------------
@pytest.mark.journey
@pytest.mark.timeout(600)
def test_server_starts_keeps_its_data_and_stops_cleanly(env, tmp_path):
    web, mailbox = f"http://127.0.0.1:{env['SOUNDINGS_PORT']}", f"http://127.0.0.1:{env['SOUNDINGS_MAILBOX_PORT']}"
    first = started(env)
    try:
        assert responds(f"{web}/health/ready")
        assert responds(f"{web}/")
        assert responds(f"{mailbox}/")
        os.kill(worker_of(first), signal.SIGKILL)
        output, complaint = first.communicate(timeout=120)
    finally:
        end(first)
    assert first.returncode == 1
    assert re.match(
        r"Soundings stops: worker ended unexpectedly \(killed by signal 9\)\. Look in \S+worker\.log", complaint
    )
    assert not responds(f"{web}/health/live")

    second = started(env)
    try:
        assert responds(f"{web}/health/ready")
        second.terminate()
        output, complaint = second.communicate(timeout=120)
    finally:
        end(second)
    assert (second.returncode, complaint) == (0, "")
    assert output.rstrip().endswith("Stopped.")
    assert not responds(f"{mailbox}/")
    assert not (Path(env["SOUNDINGS_VAR"]) / "postgres" / "postmaster.pid").exists()


def started(env: dict[str, str]) -> "subprocess.Popen[str]":
    """script/server once it has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "script/server"], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line.startswith("Ctrl-C stops everything"):
            return process
    raise AssertionError(process.communicate()[1])


def worker_of(front: "subprocess.Popen[str]") -> int:
    children = Path(f"/proc/{front.pid}/task/{front.pid}/children").read_text().split()
    return next(int(pid) for pid in children if "\0worker\0" in Path(f"/proc/{pid}/cmdline").read_text())


def end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()
