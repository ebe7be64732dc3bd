"""The processes that script/chaos breaks: started, killed, paused and started again. Knows nothing of Django."""

import json
import os
import signal
import sqlite3
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from script import installation
from script.embedded import Postgres, Redis
from script.installation import ROOT
from script.supervise import Service, Supervisor, free_port, responds

CELERY = [sys.executable, "-m", "celery", "-A", "config", "--skip-checks"]
LEASE, DOUBT = 3, 6  # seconds, where a server has 120 and 300: so that what a killed worker held is free soon
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class World:
    """Database, broker, mail server, workers and beat. With `given`, the database and Redis of somebody else."""

    def __init__(self, var: Path, *, workers: int, given: dict[str, str] | None) -> None:
        self.var, self.given = var, given
        self.smtp_port, self.web_port = free_port(), free_port()
        self.mailbox_url = f"http://127.0.0.1:{self.web_port}"
        self.postgres = None if given else Postgres(var=var, port=free_port())
        self.redis = None if given else Redis(var=var, port=free_port())
        self.env = self._environment()
        self.supervisor = Supervisor(ROOT)
        self.services: dict[str, Service] = {}
        self.worker_names = [f"worker{n}" for n in range(workers)]

    def _environment(self) -> dict[str, str]:
        if self.postgres and self.redis:
            urls = {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url}
        else:
            urls = self.given or {}
        return {
            **os.environ,
            **urls,
            "SOUNDINGS_ENV_FILE": os.devnull,
            "SOUNDINGS_LOCAL": "1",
            "SOUNDINGS_VAR": str(self.var),
            "SECRET_KEY": installation.secret(self.var, "secret_key"),
            "RECEIPT_SIGNING_KEY": installation.secret(self.var, "receipt_signing_key", size=32),
            "EMAIL_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "MAIL_LOOKUP_URL": f"{self.mailbox_url}/by-message-id/",
            "SWEEP_SECONDS": "1",
            "POST_LEASE_SECONDS": str(LEASE),
            "SENDING_DOUBT_SECONDS": str(DOUBT),
            "EMAIL_TIMEOUT": "2",
        }

    def start_stores(self) -> None:
        """Database, Redis and mail server."""
        stores = []
        if self.postgres and self.redis:
            stores = [self._remember(self.postgres.service()), self._remember(self.redis.service())]
        ports = ["--smtp-port", str(self.smtp_port), "--web-port", str(self.web_port)]
        mailbox = self._service(
            "mailbox",
            [sys.executable, "script/mailbox.py", "--folder", str(self.var / "mailbox"), *ports],
            lambda _: responds(f"{self.mailbox_url}/messages.json"),
        )
        self.supervisor.start(*stores, mailbox)
        if self.postgres:
            self.postgres.make_database()

    def start_workers(self) -> None:
        for name in self.worker_names:
            self.add_worker(name)
        self.add_beat("beat")
        self.supervisor.start(*(self.services[name] for name in (*self.worker_names, "beat")))

    def add_worker(self, name: str) -> Service:
        command = [*CELERY, "worker", "--concurrency", "1", "--loglevel", "INFO"]
        command += ["--without-gossip", "--without-mingle", "--hostname", f"{name}-{self.web_port}@%h"]
        return self._service(name, command, lambda service: " ready." in service.said())

    def add_beat(self, name: str) -> Service:
        command = [*CELERY, "beat", "--pidfile=", "--loglevel", "INFO"]
        return self._service(name, command, lambda service: "beat: Starting" in service.said())

    def _service(self, name: str, command: list[str], is_ready: Callable[[Service], bool]) -> Service:
        log = self.var / "log" / f"{name}.log"
        return self._remember(Service(name=name, command=command, env=self.env, log=log, is_ready=is_ready))

    def _remember(self, service: Service) -> Service:
        self.services[service.name] = service
        return service

    # --- breaking ---
    def signal(self, name: str, number: int) -> None:
        """To the process and all its children."""
        process = self.services[name].process
        assert process is not None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if number == signal.SIGKILL:
            process.wait()

    def restart(self, *names: str) -> None:
        """Start again what was ended, and wait until it is healthy."""
        for name in names:
            service = self.services[name]
            assert service.process is not None
            service.process.wait(30)
            service.spawn(ROOT)
        for name in names:
            give_up = time.monotonic() + 60
            while not self.services[name].is_ready(self.services[name]):
                self.services[name].fail_if_ended("while starting")
                if time.monotonic() > give_up:
                    raise SystemExit(f"{name} did not come back")
                time.sleep(0.05)

    def quit_postgres(self) -> None:
        """At once, as a power cut: no checkpoint, sessions cut off."""
        process = self.services["PostgreSQL"].process
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait(30)

    # --- the mail server ---
    def faults(self, mode: str = "", share: float = 0.0) -> dict[str, int]:
        """Set what goes wrong from now on; how often each fault has struck."""
        address = f"{self.mailbox_url}/faults?mode={mode}&share={share}"
        with DIRECT.open(urllib.request.Request(address, method="PUT"), timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
        return found

    def arrived(self) -> Counter[tuple[str, str, str]]:
        """How often each (address, Message-ID, subject) came."""
        query = "SELECT address, message_id, subject FROM message m JOIN recipient r ON r.message = m.id"
        with closing(sqlite3.connect(self.var / "mailbox" / "mailbox.sqlite3", timeout=30)) as db:
            return Counter(db.execute(query).fetchall())

    def empty_mailbox(self) -> None:
        with DIRECT.open(urllib.request.Request(f"{self.mailbox_url}/messages", method="DELETE"), timeout=10):
            pass
