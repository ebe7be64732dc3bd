"""Many workers at once, workers that are killed, workers that sleep: every message once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from django.db import connection

from notifications import outbox
from notifications.models import Notification
from notifications.outbox import Post
from tests.live import Mailbox, wait_until
from tests.notifications.conftest import NOW

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.django_db(transaction=True)


def owe_many(count: int) -> set[str]:
    posts = [Post(kind="plain", key=str(n), address=f"{n}@example.org", due_at=NOW) for n in range(count)]
    assert outbox.queue_many(posts) == count
    return {post.address for post in posts}


def arrived(mailbox: Mailbox) -> Counter[str]:
    return Counter(str(address) for summary in mailbox.summaries() for address in summary["recipients"])  # type: ignore[attr-defined]


def states() -> Counter[str]:
    return Counter(Notification.objects.values_list("state", flat=True))


def test_four_sweeps_at_once_send_each_message_once(mailbox):
    addresses = owe_many(120)

    def sweep(number: int) -> int:
        try:
            return outbox.deliver(now=NOW, worker=str(number)).sent
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(sweep, range(4)))

    assert sum(sent) == 120
    assert sum(count > 0 for count in sent) > 1
    assert arrived(mailbox) == Counter(addresses)


class Sweeper:
    """tests/notifications/sweeper.py on this test's database."""

    def __init__(self, name: str, mailbox: Mailbox, **env: str) -> None:
        url = urlunsplit(
            urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(connection.settings_dict['NAME'])}")
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.notifications.sweeper", name],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": url,
                "EMAIL_URL": f"smtp://127.0.0.1:{mailbox.smtp_port}",
                "MAIL_LOOKUP_URL": mailbox.lookup_url,
                "POST_LEASE_SECONDS": "1",
                "SENDING_DOUBT_SECONDS": "2",
                **env,
            },
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def begun(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def kill(self, number: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    def end(self) -> None:
        self.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def sweepers(mailbox):
    started: list[Sweeper] = []

    def start(name: str, **env: str) -> Sweeper:
        sweeper = Sweeper(name, mailbox, **env)
        started.append(sweeper)
        sweeper.begun()
        return sweeper

    yield start
    for sweeper in started:
        sweeper.end()


def test_workers_killed_again_and_again_lose_nothing_and_double_nothing(mailbox, sweepers):
    addresses = owe_many(160)
    chance = random.Random(7)

    for number in range(4):
        worker = sweepers(f"doomed-{number}")
        before = len(mailbox.summaries())
        wait_until("some progress", lambda before=before: len(mailbox.summaries()) > before, seconds=20)
        time.sleep(chance.uniform(0, 0.25))
        worker.kill()
        worker.end()
    assert states()["sent"] < 160, "the kills came too late to prove anything"

    survivor = sweepers("survivor")
    survivor.process.wait(60)

    assert states() == {"sent": 160}
    assert arrived(mailbox) == Counter(addresses)


def test_a_worker_that_sleeps_past_its_lease_doubles_nothing(mailbox, sweepers):
    """Stopped for three seconds with a lease of one, while another worker takes over; then it goes on."""
    addresses = owe_many(120)
    sleepy = sweepers("sleepy", SENDING_DOUBT_SECONDS="20")
    wait_until("some progress", lambda: len(mailbox.summaries()) > 5)
    sleepy.kill(signal.SIGSTOP)
    held = states()

    other = sweepers("other", SENDING_DOUBT_SECONDS="20")
    time.sleep(3)
    sleepy.kill(signal.SIGCONT)
    wait_until("the end", lambda: not Notification.objects.unfinished().exists(), seconds=60)
    for worker in (sleepy, other):
        worker.process.wait(20)

    assert held["claimed"] > 1
    assert arrived(mailbox) == Counter(addresses)
    assert states() == {"sent": 120}
