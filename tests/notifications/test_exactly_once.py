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
from threading import Barrier
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from django.db import connection

from notifications import outbox
from notifications.models import Notification
from notifications.outbox import Post
from tests.live import Mailbox, wait_until
from tests.notifications.conftest import NOW

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


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
    ready = Barrier(4)

    def sweep(number: int) -> int:
        try:
            connection.ensure_connection()
            ready.wait()
            return outbox.deliver(now=NOW, worker=str(number)).sent
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(sweep, range(4)))

    assert sum(sent) == 120
    assert sum(count > 0 for count in sent) > 1
    assert arrived(mailbox) == Counter(addresses)


class Sweeper:
    """A process forked by tests/notifications/sweeper.py, which sweeps this test's database."""

    def __init__(self, number: int) -> None:
        self.number = number

    def kill(self, signal_number: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.number, signal_number)

    @property
    def is_running(self) -> bool:
        try:
            os.kill(self.number, 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture(scope="module")
def nursery(mailbox_process, django_db_setup):
    """One process that has loaded Django and forks a sweeper for each line that it is given."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(connection.settings_dict['NAME'])}")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.notifications.sweeper"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": urlunsplit(url),
            "EMAIL_URL": f"smtp://127.0.0.1:{mailbox_process.smtp_port}",
            "MAIL_LOOKUP_URL": mailbox_process.lookup_url,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.stdin.close()
    process.wait(20)
    process.stdout.close()


@pytest.fixture
def sweepers(nursery):
    started: list[Sweeper] = []

    def start(name: str, *, doubt: int = 2) -> Sweeper:
        print(name, doubt, file=nursery.stdin, flush=True)
        started.append(Sweeper(int(nursery.stdout.readline())))
        return started[-1]

    yield start
    for sweeper in started:
        sweeper.kill()


def test_workers_killed_again_and_again_lose_nothing_and_double_nothing(mailbox, sweepers):
    addresses = owe_many(160)
    chance = random.Random(7)

    for number in range(4):
        worker = sweepers(f"doomed-{number}")
        before = len(mailbox.summaries())
        wait_until("some progress", lambda before=before: len(mailbox.summaries()) > before, seconds=20)
        time.sleep(chance.uniform(0, 0.25))
        worker.kill()
    assert states()["sent"] < 160, "the kills came too late to prove anything"

    survivor = sweepers("survivor")
    wait_until("the end", lambda: not survivor.is_running, seconds=60)

    assert states() == {"sent": 160}
    assert arrived(mailbox) == Counter(addresses)


def test_a_worker_that_sleeps_past_its_lease_doubles_nothing(mailbox, sweepers):
    """Stopped for three seconds with a lease of one, while another worker takes over; then it goes on."""
    addresses = owe_many(120)
    sleepy = sweepers("sleepy", doubt=20)
    wait_until("some progress", lambda: len(mailbox.summaries()) > 5)
    sleepy.kill(signal.SIGSTOP)
    held = states()

    other = sweepers("other", doubt=20)
    time.sleep(3)
    sleepy.kill(signal.SIGCONT)
    wait_until("the end", lambda: not Notification.objects.unfinished().exists(), seconds=60)
    wait_until("both to stop", lambda: not sleepy.is_running and not other.is_running, seconds=20)

    assert held["claimed"] > 1
    assert arrived(mailbox) == Counter(addresses)
    assert states() == {"sent": 120}
