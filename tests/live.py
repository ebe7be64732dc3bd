"""The real processes that tests talk to: the mailbox, a Celery worker, beat, the web server.

Each is an operating-system process of its own, so that a test may kill it as a power cut would.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

from script.supervise import die_with_parent, free_port, responds

ROOT = Path(__file__).resolve().parent.parent
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy


def wait_until(what: str, condition: Callable[[], object], *, seconds: float = 20) -> None:
    """Return when `condition` holds; fail the test, naming `what`, when it does not in time."""
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(f"{what}: not within {seconds:g} seconds")
        time.sleep(0.1)  # each look costs the process that is asked, and this one, some milliseconds


class Forked:
    """What `subprocess.Popen` tells and does, for a process whose parent is the nursery and not us."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """None while it runs; how it ended, only its parent could tell."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return -1
        return None

    def terminate(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def wait(self, timeout: float) -> None:
        give_up = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > give_up:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.02)


class Nursery:
    """tests/nursery.py with these settings, started when a process is first asked of it."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        self.env, self.log = env, log
        self.process: subprocess.Popen[str] | None = None

    def fork(self, command: list[str], log: Path) -> Forked:
        """Have it do what `python -m <command>` does."""
        if self.process is None:
            self.process = self._start()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"command": command, "log": str(log)}), file=self.process.stdin, flush=True)
        number = self.process.stdout.readline()
        assert number, f"the nursery ended:\n{self.log.read_text()[-2000:]}"
        return Forked(int(number))

    def _start(self) -> subprocess.Popen[str]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.nursery"],
                cwd=ROOT,
                env=dict(self.env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=die_with_parent,
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.communicate()


@dataclass
class LiveProcess:
    """A process that a test may start, stop politely, pause and kill."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    log: Path
    is_ready: Callable[["LiveProcess"], bool]
    nursery: Nursery | None = None  # forks it: `command` is then that of `python -m`
    seconds: float = 30
    process: subprocess.Popen[bytes] | Forked | None = field(default=None, init=False)
    _log_start: int = field(default=0, init=False)

    def start(self) -> None:
        self.spawn()
        self.wait_ready()

    def spawn(self) -> None:
        """Start without waiting until it is ready."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            if self.nursery is not None:
                self.process = self.nursery.fork(self.command, self.log)
                return
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=dict(self.env),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def wait_ready(self) -> None:
        wait_until(f"{self.name} to be ready (see {self.log})", self._ready_or_dead, seconds=self.seconds)

    def _ready_or_dead(self) -> bool:
        if not self.alive:
            raise AssertionError(f"{self.name} ended while starting:\n{self.said()[-2000:]}")
        return self.is_ready(self)

    def said(self) -> str:
        """What it has logged since it was last started."""
        return self.log.read_bytes()[self._log_start :].decode(errors="replace")

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ensure(self) -> None:
        """Start it unless it runs."""
        if not self.alive:
            self.start()

    def kill(self) -> None:
        """As a power cut does: the whole group at once, with no chance to tidy up."""
        self._signal_group(signal.SIGKILL)

    def pause(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        self._signal_group(signal.SIGCONT, wait=False)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        self._signal_group(signal.SIGKILL)  # whatever it left behind

    def _signal_group(self, number: int, *, wait: bool = True) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        if wait:
            self.process.wait(15)


class Mailbox:
    """script/mailbox.py on free ports, and what a test asks of it."""

    def __init__(self, folder: Path) -> None:
        self.smtp_port, self.web_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.process = LiveProcess(
            name="mailbox",
            command=[
                *(sys.executable, "script/mailbox.py", "--folder", str(folder)),
                *("--smtp-port", str(self.smtp_port), "--web-port", str(self.web_port)),
            ],
            env=os.environ,
            log=folder / "mailbox.log",
            is_ready=lambda _: responds(f"{self.url}/messages.json"),
        )

    @property
    def lookup_url(self) -> str:
        return f"{self.url}/by-message-id/"

    def summaries(self, *, to: str = "") -> list[dict[str, object]]:
        """Oldest first: id, recipients, sender, subject, message_id, received_at."""
        return list(reversed(json.loads(self.get(f"/messages.json?to={quote(to)}"))))

    def messages(self, *, to: str = "") -> list[EmailMessage]:
        """The messages themselves, oldest first; `to` is one whole address."""
        return [self.message(int(str(summary["id"]))) for summary in self.summaries(to=to)]

    def message(self, number: int) -> EmailMessage:
        return message_from_bytes(self.get(f"/messages/{number}/raw"), policy=policy.default)  # type: ignore[return-value]

    def wait_for(self, count: int = 1, *, to: str = "", seconds: float = 20) -> list[EmailMessage]:
        """The messages once there are `count`; more than `count` fail too."""
        wait_until(
            f"{count} messages to {to or 'anyone'}", lambda: len(self.summaries(to=to)) >= count, seconds=seconds
        )
        messages = self.messages(to=to)
        assert len(messages) == count, [str(m["Subject"]) for m in messages]
        return messages

    def empty(self) -> None:
        with DIRECT.open(urllib.request.Request(f"{self.url}/messages", method="DELETE"), timeout=10):
            pass

    def get(self, path: str) -> bytes:
        with DIRECT.open(f"{self.url}{path}", timeout=10) as answer:
            return bytes(answer.read())


def body_of(message: EmailMessage, kind: str = "plain") -> str:
    """The message's text ("plain") or its HTML ("html")."""
    part = message.get_body(preferencelist=(kind,))
    assert part is not None, f"{message['Subject']}: no {kind} body"
    return str(part.get_content())


class Soundings:
    """Web, worker and beat against one database, Redis and mailbox.

    Beat sweeps each second here and what a killed worker held is free again after seconds, so that journeys are quick.
    """

    def __init__(self, *, database_url: str, redis_url: str, mailbox: Mailbox, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.mailbox = mailbox
        self.folder = folder
        self.redis_url = redis_url
        self.env = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "EMAIL_URL": f"smtp://127.0.0.1:{mailbox.smtp_port}",
            "MAIL_LOOKUP_URL": mailbox.lookup_url,
            "SITE_URL": self.url,
            "SOUNDINGS_LOCAL": "1",
            "SOUNDINGS_VAR": str(folder),
            "SWEEP_SECONDS": "1",
            "POST_LEASE_SECONDS": "3",
            "SENDING_DOUBT_SECONDS": "6",
            "EMAIL_TIMEOUT": "2",
            "LOG_LEVEL": "INFO",
            "PYTHONWARNINGS": "default",
        }
        self.nursery = Nursery(self.env, folder / "nursery.log")
        self.worker = self._process(
            "worker",
            [
                *("celery", "-A", "config", "worker", "--concurrency", "2", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle", "--hostname", f"test{self.port}@%h"),
            ],
            lambda worker: " ready." in worker.said(),
        )
        self.beat = self._process(
            "beat",
            ["celery", "-A", "config", "beat", "--pidfile=", "--loglevel", "INFO"],
            lambda beat: "beat: Starting" in beat.said(),
        )
        self.web = self._process(
            "web",
            [
                *("gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{self.port}"),
                *("--workers", "2", "--threads", "2", "--no-control-socket", "--preload"),
            ],
            lambda _: responds(f"{self.url}/health/ready"),
        )

    def _process(self, name: str, command: list[str], is_ready: Callable[[LiveProcess], bool]) -> LiveProcess:
        log = self.folder / f"{name}.log"
        return LiveProcess(name, command, self.env, log, is_ready, nursery=self.nursery)

    def collect_static(self) -> None:
        command = ["django", "collectstatic", "--no-input", "--verbosity", "0"]
        (log := self.folder / "collectstatic.log").touch()
        self.nursery.fork(command, log).wait(60)
        assert (self.folder / "static" / "staticfiles.json").exists(), log.read_text()

    @property
    def processes(self) -> tuple[LiveProcess, ...]:
        return (self.worker, self.beat, self.web)

    def rest(self) -> None:
        """Until `ensure`: sweeping each second would slow down whatever the suite does next."""
        if self.beat.alive:
            self.beat.pause()

    def ensure(self) -> None:
        """Start what does not run, all at once."""
        if self.beat.alive:
            self.beat.resume()
        dead = [process for process in self.processes if not process.alive]
        for process in dead:
            process.spawn()
        for process in dead:
            process.wait_ready()

    def stop(self) -> None:
        for process in self.processes:
            process.kill()  # politely it would take seconds, at the end of the run, while nothing else is left to do
        self.nursery.stop()
