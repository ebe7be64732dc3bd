"""The rounds of script/chaos. In each, real reminders are owed, workers die, something else breaks, and all is counted.

Asserted in every round: of the messages owed none is lost (each arrived, or its row says why not), none arrived for a
deadline that had moved, at most one message came into doubt for each time something cut a worker off, each of those is
recorded on its row, and none arrived twice where the provider can be asked. Where it cannot, what arrived twice is
marked as sent again and carries the same Message-ID.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from script.chaos_world import DOUBT, LEASE, World

COLUMNS = [
    *("round", "what broke besides", "owed", "killed", "arrived", "refused", "lost", "twice", "doubted", "sent again"),
    *("for a moved deadline", "latest, s", "seconds"),
]
ON_TIME, LATEST = 30, 90  # seconds: 99 of 100 messages, and every one, while anything runs
FEW_KILLS = 5  # in a round; with more, the provider is slow meanwhile, and how late messages come says nothing


@dataclass
class Round:
    """What one round is to count."""

    number: int
    name: str
    messages: int
    killed: int = 0
    cut_off: int = 0  # times that a worker was cut off while it may have been sending
    can_ask: bool = True
    moved_at: datetime | None = None
    addresses: set[str] = field(default_factory=set)


class Chaos:
    def __init__(self, world: World, *, kills: int, chance: random.Random) -> None:
        self.world, self.kills, self.chance = world, kills, chance
        self.slows = kills > FEW_KILLS
        self.failures: list[str] = []
        self.total: Counter[str] = Counter()
        self.lateness: list[float] = []

    # --- what is owed ---
    def crowd(self, current: Round, *, leads: list[str]) -> None:
        """So many people who follow a paper that closes in thirty hours.

        The moment of "9d" came more than four days ago wherever and whenever this runs, with all weekends and holidays;
        that of "60h" within the last thirty hours.
        """
        from allauth.account.models import EmailAddress
        from django.utils import timezone

        from accounts.models import User
        from consultations.models import Authority, Consultation, ConsultationAuthority, Deadline, Follow

        now = timezone.now()
        named = {"name": "Chaos Authority", "short_name": "CA", "time_zone": "Europe/London"}
        body, _ = Authority.objects.get_or_create(slug="chaos", defaults=named)
        opened = now - timedelta(days=40)
        self.paper = Consultation.objects.create(
            reference=f"CHAOS/{current.number}", title="A made-up paper", kind="consultation_paper",
            published_at=opened, announced_at=opened,
        )  # fmt: skip
        ConsultationAuthority.objects.create(consultation=self.paper, authority=body, position=0)
        self.deadline = Deadline.objects.create(
            consultation=self.paper, label="Responses", closes_at=now + timedelta(hours=30), time_zone="Europe/London"
        )
        stem = f"{current.number}-{self.paper.code.lower()}"
        people = User.objects.bulk_create(
            User(email=f"p{n}-{stem}@example.org", password="!", leads=leads) for n in range(current.messages)
        )
        EmailAddress.objects.bulk_create(
            EmailAddress(user=person, email=person.email, verified=True, primary=True) for person in people
        )
        Follow.objects.bulk_create(Follow(user=person, consultation=self.paper) for person in people)
        current.addresses = {person.email for person in people}

    # --- one round ---
    def play(self, current: Round) -> None:
        from notifications.models import Notification

        began = time.monotonic()
        mishap = MISHAPS[current.name]
        faults_before = self.world.faults()
        if current.name in STOPS:
            self.stop_everything(current)
        self.crowd(current, leads=["9d", "60h"] if current.name == "three-day stop" else ["9d"])
        if current.name == "three-day stop":
            self.plan_as_of(timedelta(days=3) - timedelta(minutes=1))
        mishap(self, current)
        self.kill_workers(current)
        self.drain(current)
        faults = self.world.faults()
        current.cut_off += sum(faults[mode] - faults_before[mode] for mode in ("drop", "lose"))
        rows = list(Notification.objects.filter(address__in=current.addresses))
        self.judge(current, rows, time.monotonic() - began)
        self.world.empty_mailbox()

    def kill_workers(self, current: Round) -> None:
        """One at a time. Many would seldom meet a message in hand, did not half of them take half a second."""
        if self.slows:
            self.world.faults("slow", 0.5)
        for _ in range(self.kills):
            self.wait_for_progress(current)
            time.sleep(self.chance.uniform(0, 0.4))
            name = self.chance.choice(self.world.worker_names)
            self.world.signal(name, signal.SIGKILL)
            current.killed += 1
            current.cut_off += 1
            self.world.restart(name)
        self.world.faults()

    def wait_for_progress(self, current: Round) -> None:
        seen, give_up = self.count(current), time.monotonic() + 20
        while self.count(current) == seen < current.messages and time.monotonic() < give_up:
            time.sleep(0.05)

    def count(self, current: Round) -> int:
        return sum(1 for address, _, _ in self.world.arrived() if address in current.addresses)

    def drain(self, current: Round) -> None:
        """Until every row is finished. What was put off for later is brought forward, so that the round ends."""
        from django.db import connection
        from django.db.models.functions import Now

        from notifications.models import Notification

        give_up = time.monotonic() + 60 + 4 * DOUBT + current.messages / 5
        while True:
            rows = Notification.objects.filter(address__in=current.addresses)
            rows.filter(state="pending", due_at__gt=Now()).update(due_at=Now() - timedelta(milliseconds=1))
            owed = rows.values("address").distinct().count()
            if owed == len(current.addresses) and not rows.unfinished().exists():
                return
            if time.monotonic() > give_up:
                print(Counter(rows.values_list("state", "reason")), file=sys.stderr)
                self.failures.append(f"round {current.number}: not finished in time")
                return
            connection.close()
            time.sleep(0.3)

    def judge(self, current: Round, rows: list, seconds: float) -> None:
        arrived = {key: n for key, n in self.world.arrived().items() if key[0] in current.addresses}
        ids = Counter({message_id: n for (_, message_id, _), n in arrived.items()})
        twice = sum(n - 1 for n in ids.values())
        sent_again = {row.message_id.strip("<>") for row in rows if row.sent_again}
        doubted = {row.message_id.strip("<>") for row in rows if row.doubted_at}
        sent = [row for row in rows if row.state == "sent"]
        refused = [row for row in rows if row.state == "failed"]
        lost = [row for row in rows if row.state == "sent" and not ids[row.message_id.strip("<>")]]
        told = {row.address for row in rows if row.state in {"sent", "failed"}}
        lost_people = current.addresses - told
        stale = self.stale(current, rows)
        late = [] if current.name in STOPS else [lateness(row) for row in sent if not row.attempts]
        self.lateness += late
        self.total.update(
            owed=len(current.addresses), killed=current.killed, arrived=sum(ids.values()), refused=len(refused),
            lost=len(lost) + len(lost_people), twice=twice, doubted=len(doubted), sent_again=len(sent_again),
            stale=stale, cut_off=current.cut_off,
        )  # fmt: skip
        counts = [len(current.addresses), current.killed, sum(ids.values()), len(refused), len(lost) + len(lost_people)]
        counts += [twice, len(doubted), len(sent_again), stale, round(max(late, default=0)), round(seconds)]
        print(f"| {current.number} | {current.name} | {' | '.join(map(str, counts))} |", flush=True)
        workers = len(self.world.worker_names)
        rules = {
            "lost": not lost and not lost_people,
            "refused though nobody refuses": not refused or current.name == "provider says 5xx",
            "twice": not twice if current.can_ask else {i for i, n in ids.items() if n > 1} <= sent_again,
            "in doubt": len(doubted) <= current.cut_off,
            "doubt unrecorded": {i for i, n in ids.items() if n > 1} <= doubted and sent_again <= doubted,
            "for a moved deadline": stale <= (workers if current.moved_at else 0),
            "late": self.slows or max(late, default=0) <= LATEST,
            "two of one kind": len({(r.address, r.kind) for r in sent}) == len(sent),
        }  # fmt: skip
        self.failures += [
            f"round {current.number} ({current.name}): {rule}" for rule, kept in rules.items() if not kept
        ]

    def sum_up(self) -> None:
        """The last line of the table, and how late messages came in all the rounds in which something ran."""
        total, late = self.total, sorted(self.lateness)
        names = ("owed", "killed", "arrived", "refused", "lost", "twice", "doubted", "sent_again", "stale")
        counts = " | ".join(str(total[name]) for name in names)
        print(f"| all | workers cut off {total['cut_off']} times | {counts} | {round(max(late, default=0))} | |")
        if not late:
            return
        half, nearly_all = late[len(late) // 2], late[int(len(late) * 0.99)]
        print(f"\nLate: half under {half:.1f} s, 99 of 100 under {nearly_all:.1f} s, the latest {late[-1]:.1f} s.")
        if nearly_all > ON_TIME and not self.slows:
            self.failures.append(f"99 of 100 messages were to go within {ON_TIME} s")

    def stale(self, current: Round, rows: list) -> int:
        """Reminders whose sending began after their deadline had moved; a worker may have one in hand just then."""
        moved_at = current.moved_at
        if moved_at is None:
            return 0
        return sum(1 for r in rows if r.kind == "deadline_coming" and r.state == "sent" and r.sending_at > moved_at)

    # --- what breaks ---
    def nothing_more(self, _current: Round) -> None:
        pass

    def empty_redis(self, current: Round) -> None:
        self.wait_for_progress(current)
        import redis

        with redis.Redis.from_url(self.world.env["REDIS_URL"]) as client:
            client.flushdb()

    def kill_redis(self, current: Round) -> None:
        self.wait_for_progress(current)
        self.world.signal("Redis", signal.SIGKILL)
        time.sleep(2)
        self.world.restart("Redis")

    def stop_postgres(self, current: Round) -> None:
        from django.db import connection

        self.wait_for_progress(current)
        connection.close()
        self.world.quit_postgres()
        current.cut_off += len(self.world.worker_names)
        time.sleep(1)
        self.world.restart("PostgreSQL")

    def pause_a_worker(self, current: Round) -> None:
        self.wait_for_progress(current)
        name = self.world.worker_names[0]
        self.world.signal(name, signal.SIGSTOP)
        time.sleep(LEASE + 1.5)
        self.world.signal(name, signal.SIGCONT)

    def second_beat(self, _current: Round) -> None:
        if "beat2" not in self.world.services:
            self.world.supervisor.start(self.world.add_beat("beat2"))

    def stop_everything(self, current: Round) -> None:
        for name in (*self.world.worker_names, "beat"):
            self.world.signal(name, signal.SIGKILL)
        current.killed += len(self.world.worker_names)
        current.cut_off += len(self.world.worker_names)

    def start_everything(self, _current: Round) -> None:
        self.world.restart(*self.world.worker_names, "beat")

    def plan_as_of(self, ago: timedelta) -> None:
        """What would have been planned had it been then; the workers are dead, so that nothing goes out."""
        from django.utils import timezone

        from responses import reminders

        reminders.queue_due(timezone.now() - ago)

    def move_the_deadline(self, current: Round) -> None:
        from accounts.models import User
        from accounts.record import By
        from consultations import publishing

        staff, _ = User.objects.get_or_create(email="chaos-staff@example.org", is_staff=True, is_superuser=True)
        self.wait_for_progress(current)
        later = self.deadline.closes_at + timedelta(days=30)
        by = By(user=staff, door="command")
        publishing.extend_deadline(deadline=self.deadline, closes_at=later, reason="More time was asked for.", by=by)
        current.moved_at = datetime.now(UTC)

    def cannot_ask(self, current: Round) -> None:
        """The workers know of nobody to ask from here on."""
        current.can_ask = False
        self.world.env["MAIL_LOOKUP_URL"] = ""
        for name in self.world.worker_names:
            self.world.signal(name, signal.SIGKILL)
            current.cut_off += 1
            current.killed += 1
        self.world.restart(*self.world.worker_names)


def fault(mode: str, share: float) -> Callable[[Chaos, Round], None]:
    def begin(chaos: Chaos, current: Round) -> None:
        chaos.world.faults(mode, share)
        chaos.wait_for_progress(current)
        time.sleep(2)
        chaos.world.faults()

    return begin


MISHAPS: dict[str, Callable[[Chaos, Round], None]] = {
    "nothing": Chaos.nothing_more,
    "Redis emptied": Chaos.empty_redis,
    "Redis killed": Chaos.kill_redis,
    "PostgreSQL stopped at once": Chaos.stop_postgres,
    "worker paused past its lease": Chaos.pause_a_worker,
    "two beats": Chaos.second_beat,
    "three-hour stop": Chaos.start_everything,
    "three-day stop": Chaos.start_everything,
    "deadline moved": Chaos.move_the_deadline,
    "provider says 4xx": fault("later", 0.3),
    "provider says 5xx": fault("refuse", 0.1),
    "provider slow": fault("slow", 0.2),
    "line dropped after DATA": fault("drop", 0.02),
    "message lost after DATA": fault("lose", 0.02),
    "provider cannot be asked": Chaos.cannot_ask,  # last: the workers cannot ask from then on
}


STOPS = {"three-hour stop", "three-day stop"}  # nothing runs, and what is owed is late


def lateness(row: Any) -> float:
    """Seconds from when it was owed until the mail server had it."""
    seconds: float = (row.sent_at - row.created_at).total_seconds()
    return seconds


def rounds(names: list[str], *, messages: int) -> list[Round]:
    each = max(1, messages // len(names))
    return [Round(number=number, name=name, messages=each) for number, name in enumerate(names, 1)]


def schedule(count: int) -> list[str]:
    """Every mishap once, then rounds of kills alone; in a short run the first ones, and always the last mishap last."""
    names = list(MISHAPS)
    middle = [*names[1:-1], *["nothing"] * count][: max(0, count - 1)]
    return [*middle, names[-1]]


def play(world: World, names: list[str], *, messages: int, kills: int, seed: int) -> int:
    world.start_stores()
    os.environ.update(world.env)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django
    from django.core.management import call_command

    django.setup()
    if not world.given:
        call_command("migrate", verbosity=0)
    world.start_workers()
    print(
        f"seed {seed}; {len(world.worker_names)} workers\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}",
        flush=True,
    )
    chaos = Chaos(world, kills=kills, chance=random.Random(seed))
    for current in rounds(names, messages=messages):
        print(f"round {current.number} of {len(names)}: {current.name} …", file=sys.stderr, flush=True)
        chaos.play(current)
    chaos.sum_up()
    print("\n" + ("\n".join(f"WRONG: {failure}" for failure in chaos.failures) or "As promised in every round."))
    return 1 if chaos.failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/chaos")
    parser.add_argument("--var", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--messages", type=int, default=8_000, help="over all rounds")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--kills", type=int, default=2, help="in each round")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--only", choices=MISHAPS, nargs="+", help="these rounds alone")
    parser.add_argument("--given", action="store_true", help="use DATABASE_URL (migrated, empty) and REDIS_URL")
    given = parser.parse_args()
    urls = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")} if given.given else None
    names = given.only or schedule(given.rounds)
    world = World(given.var, workers=given.workers, given=urls)
    with world.supervisor:
        return play(world, names, messages=given.messages, kills=given.kills, seed=given.seed)


if __name__ == "__main__":
    sys.exit(main())
