"""Starting processes, waiting until they are healthy, watching them, stopping them in reverse order.

Standard library only: this runs before anything is installed.
"""

import ctypes
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
# A line of pip's, of PostgreSQL's, or the last of a Python traceback.
TELLING = re.compile(r"ERROR: |.*FATAL: |(\w+\.)*\w*(Error|Exception|ImproperlyConfigured|Refusal): ")
LONGEST_LOG = 10 * 1024 * 1024


class Failed(Exception):  # noqa: N818
    """What went wrong and where to look, in one line."""


class Stopped(BaseException):
    """Somebody asked us to stop (Ctrl-C, SIGTERM, a closed terminal)."""


@dataclass
class Service:
    """A process, and how to tell that it is healthy."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    log: Path
    is_ready: Callable[["Service"], bool]
    stop_signal: int = signal.SIGTERM
    ready_seconds: float = 60
    stop_seconds: float = 20
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _log_start: int = field(default=0, init=False)

    def spawn(self, folder: Path) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LONGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=folder,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a terminal's Ctrl-C reaches us alone, and we stop the rest in order
                preexec_fn=lambda: die_with_parent(self.stop_signal),
            )

    def said(self) -> str:
        """What it has logged since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def fail_if_ended(self, when: str) -> None:
        if self.process is None or self.process.poll() is None:
            return
        code = self.process.returncode
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        told = telling_line(self.said())
        raise Failed(f"{self.name} ended {when} ({how}). Look in {self.log}.{told and f' It said: {told}'}")

    def stop(self) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                print(f"{self.name} did not stop within {self.stop_seconds:g} s and is killed", file=sys.stderr)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)  # it, or children that it left behind
        self.process.wait()


class Supervisor:
    """Keeps services in the order they were started. Leaving the `with` stops them in reverse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services: list[Service] = []

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # once is enough
        for service in reversed(self.services):
            service.stop()

    def start(self, *services: Service) -> None:
        """Start all of them, then wait until each is healthy. Raises Failed."""
        for service in services:
            self.services.append(service)
            service.spawn(self.folder)
        for service in services:
            self._wait(service)

    def _wait(self, service: Service) -> None:
        give_up = time.monotonic() + service.ready_seconds
        while not service.is_ready(service):
            for other in self.services:
                other.fail_if_ended("while starting" if other is service else "unexpectedly")
            if time.monotonic() > give_up:
                raise Failed(
                    f"{service.name} was not healthy within {service.ready_seconds:g} s. Look in {service.log}."
                )
            time.sleep(0.05)
        service.fail_if_ended("while starting")  # whoever answered, it was not ours

    def watch(self) -> None:
        """Return never: raises Failed when a service dies, Stopped when somebody asks."""
        while True:
            for service in self.services:
                service.fail_if_ended("unexpectedly")
            time.sleep(0.5)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """In the child, before exec: when our process dies, however it dies, the kernel sends the child `number`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def telling_line(said: str) -> str:
    """Of what a program said before it failed, the line that most likely tells why."""
    lines = [line.strip()[:300] for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if TELLING.match(line)]
    return (errors or lines or [""])[-1]


def require_free(ports: Mapping[int, tuple[str, str]], *, grace_seconds: float = 3) -> None:
    """Raise Failed for a taken port; `ports` maps each to what wants it and the variable that moves it.

    The grace is for the children of a run that was killed a moment ago and are still going down.
    """
    give_up = time.monotonic() + grace_seconds
    while taken := [port for port in ports if not is_free(port)]:
        if time.monotonic() > give_up:
            what, variable = ports[taken[0]]
            raise Failed(f"Port {taken[0]} is taken, so {what} cannot start. Stop what uses it, or set {variable}.")
        time.sleep(0.2)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """One that nobody listens on, below the range from which outgoing connections take theirs."""
    return next(port for port in iter(lambda: random.randint(20_000, 32_000), 0) if is_free(port))


def responds(url: str) -> bool:
    """Whether `url` answers 200, asked directly: a proxy of the environment has no business with loopback."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
