"""The measurement "alerts" of script/bench: planning for 100,000, and messages a second beside the raw rate of smtplib.

The receiver is an SMTP server on this machine that counts and keeps nothing. Workers are processes that call the same
`outbox.deliver` as Celery's; their rate is counted from the first mark to the last, without their start.
"""

import asyncio
import logging
import os
import smtplib
import subprocess
import sys
import time
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from aiosmtpd.smtp import SMTP, Session
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection
from django.db.models import Max, Min
from django.utils import timezone

from accounts.models import User
from consultations.models import Consultation, Follow
from notifications import outbox
from notifications.circular import as_bytes
from notifications.message import Message
from notifications.models import Notification
from responses import emails, reminders
from script import bench_data as data
from script.supervise import die_with_parent, free_port

MANY = 100_000
SENT = 3_000  # a measurement of sending


class Sink:
    """Says yes to everything. Offers PIPELINING, as the mail servers in use do; smtplib makes nothing of it."""

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return ["250-PIPELINING", *responses]

    async def handle_DATA(self, _server: SMTP, _session: object, _envelope: object) -> str:  # noqa: N802
        return "250 Taken"


async def receive(port: int) -> None:
    logging.disable(logging.WARNING)  # it would say more than it does
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), hostname="localhost", loop=loop), "127.0.0.1", port)
    await server.serve_forever()


def alerts(many: int = MANY, sent: int = SENT) -> None:
    port = free_port()
    sink = child("receive", str(port))
    try:
        wait_for(port)
        crowd(many)
        plan(many)
        print("\n### Sending reminders, each marked durably before and after\n", flush=True)
        print("| waiting | workers | messages/s | of raw smtplib | ms a message |\n|---|---|---|---|---|", flush=True)
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        for workers in (1, 2, 4):
            report(many, workers, send(port, sent, workers), raw_rate(port, sent))
        Notification.objects.filter(state="pending").delete()
        crowd(1_000)
        reminders.queue_due(timezone.now())
        keep(1_000)
        report(1_000, 1, send(port, 1_000, 1), raw_rate(port, 1_000))
    finally:
        sink.terminate()
        sink.wait()


def crowd(count: int) -> Consultation:
    """So many confirmed people who follow a new paper of which a reminder is due now."""
    closes_at = timezone.now() + timedelta(days=5)
    paper = data.consultation(closes_at=closes_at).section.consultation
    Consultation.objects.filter(pk=paper.pk).update(published_at=timezone.now() - timedelta(days=40))
    people = User.objects.bulk_create(
        (User(email=f"a{n}-{paper.code.lower()}@example.org", password="!") for n in range(count)), batch_size=5_000
    )
    EmailAddress.objects.bulk_create(
        (EmailAddress(user=each, email=each.email, verified=True, primary=True) for each in people), batch_size=5_000
    )
    Follow.objects.bulk_create((Follow(user=each, consultation=paper) for each in people), batch_size=5_000)
    settle()
    return paper


def plan(many: int) -> None:
    print(f"\n### Planning one deadline for {many:,} people, three times\n")
    print("| planning | seconds | rows added |\n|---|---|---|")
    for number in (1, 2, 3):
        began = time.perf_counter()
        added = reminders.queue_due(timezone.now())
        print(f"| {number} | {time.perf_counter() - began:.2f} | {added:,} |", flush=True)
    settle()


def settle() -> None:
    """What autovacuum and a checkpoint would do with the rows that were made, in the middle of what is measured."""
    data.sql("VACUUM (ANALYZE)")
    data.sql("CHECKPOINT")


def keep(count: int) -> None:
    """So many of those that wait, and no more."""
    last = list(Notification.objects.filter(state="pending").order_by("-pk").values_list("pk", flat=True)[:count])
    Notification.objects.filter(state="pending").exclude(pk__in=last).delete()
    settle()


def send(port: int, count: int, workers: int) -> float:
    """Messages a second."""
    before = Notification.objects.aggregate(last=Max("finished_at"))["last"]
    each = [child("send", str(port), str(count // workers), f"bench{n}") for n in range(workers)]
    if any(process.wait() for process in each):
        raise SystemExit("a worker failed")
    rows = Notification.objects.filter(state="sent")
    rows = rows.filter(finished_at__gt=before) if before else rows
    span = rows.aggregate(first=Min("sending_at"), last=Max("finished_at"))
    return rows.count() / (span["last"] - span["first"]).total_seconds()


def raw_rate(port: int, count: int) -> float:
    """The same message over one kept connection by smtplib alone, with nothing stored."""
    row = Notification.objects.filter(state="sent").latest("pk")
    message = emails.deadline_coming(row, timezone.now())
    if not isinstance(message, Message):
        raise SystemExit(f"no reminder to compare with: {message.reason}")
    mail = as_bytes(row, message)
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        began = time.perf_counter()
        for _ in range(count):
            smtp.sendmail("no-reply@example.org", [row.address], mail)
        return count / (time.perf_counter() - began)


def report(waiting: int, workers: int, rate: float, raw: float) -> None:
    each = 1000 * workers / rate
    print(f"| {waiting:,} | {workers} | {rate:.0f} | {rate / raw:.0%} of {raw:.0f} | {each:.1f} |", flush=True)


def child(*arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "script.bench_alerts", *arguments], preexec_fn=die_with_parent)


def wait_for(port: int) -> None:
    for _ in range(400):
        try:
            smtplib.SMTP("127.0.0.1", port).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the receiver did not start")


def main(arguments: list[str]) -> None:
    match arguments:
        case ["receive", port]:
            asyncio.run(receive(int(port)))
        case ["send", port, count, name]:
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(port)
            logging.disable(logging.INFO)
            outbox.deliver(worker=name, seconds=600, limit=int(count))
        case [many, sent]:
            alerts(int(many), int(sent))
        case _:
            alerts()
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1:])
