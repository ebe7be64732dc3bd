"""The measurements of script/bench; run by it, with the server up and the settings in the environment."""

import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from responses.models import Response, Submission
from script import bench_data as data
from script import load
from script.bench_alerts import alerts
from script.load import Load, request

PORT = int(os.environ["BENCH_PORT"])
SECONDS = 4.0  # a measurement of a list lasts so long


def table(title: str, headings: list[str]) -> None:
    print(f"\n### {title}\n\n| {' | '.join(headings)} |\n|{'---|' * len(headings)}", flush=True)


def row(*cells: object) -> None:
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def repeated(message: bytes, seconds: float = SECONDS) -> Iterator[bytes]:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        yield message


def rate(message: bytes) -> Load:
    """Requests a second of one request, repeated; the first fraction of a second is not counted."""
    load.run(PORT, repeated(message, 0.5))
    measured = load.run(PORT, repeated(message))
    if set(measured.statuses) != {200}:
        raise SystemExit(f"unexpected answers: {dict(measured.statuses)}")
    return measured


def baselines() -> tuple[float, float]:
    """Requests a second of the smallest view with one SELECT, and with one INSERT and commit."""
    data.sql("CREATE TABLE IF NOT EXISTS bench_insert (id bigserial PRIMARY KEY, at timestamptz)")
    return rate(request("GET", "/bench/select")).per_second, rate(request("POST", "/bench/insert")).per_second


# --- Lists ------------------------------------------------------------------------------------------------------------
def lists() -> None:
    question = data.consultation()
    headers = bearer(data.token(data.staff()))
    table(
        "Lists of 50 by API",
        ["list", "rows stored", "page", "queries", "requests/s", "of one SELECT", "99th percentile"],
    )
    for size in (10, 10_000, 100_000):
        data.stored_responses(size, question)
        data.stored_consultations(size)
        one_select, _ = baselines()
        for name, path in (("responses", "/api/v1/responses/"), ("consultations", "/api/v1/consultations/")):
            for page, address in pages(path, headers, size):
                measured = rate(request("GET", address, headers=headers))
                queries = count_queries(address, headers)
                speed, share = f"{measured.per_second:.0f}", f"{measured.per_second / one_select:.0%}"
                row(name, f"{size:,}", page, queries, speed, share, f"{measured.percentile(99) * 1000:.0f} ms")


def pages(path: str, headers: dict[str, str], size: int) -> Iterator[tuple[str, str]]:
    """The first page and, by following `next` as a client does, the one half-way down."""
    yield "first", path
    depth = min(size // 100, 1_000)
    address = path
    for _ in range(depth):
        answer = load.run(PORT, [request("GET", address, headers=headers)], connections=1, keep=True)
        following = json.loads(answer.answers[0].body)["next"]
        if not following:
            return
        address = "/" + following.split("/", 3)[3]
    if depth:
        yield f"{depth + 1:,}", address


def count_queries(address: str, headers: dict[str, str]) -> int:
    client = Client(headers={**headers, "Host": "localhost"})
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


# --- Submissions ------------------------------------------------------------------------------------------------------
def submissions() -> None:
    question = data.consultation()
    member = data.member("bench-member")
    headers = bearer(data.token(member))
    cookie = data.session(member)
    table(
        "Submissions",
        ["door", "stored before", "submissions/s", "of one INSERT", "median", "99th percentile", "other answers"],
    )
    for size in (100, 10_000, 100_000):
        data.stored_responses(size, question)
        _, one_insert = baselines()
        for door, count in (("API", 2_000), ("form", 600)):
            codes = data.drafts(count, question, member)
            by_api = door == "API"
            sent = (api_submission(code, headers) if by_api else form_submission(code, cookie) for code in codes)
            measured = load.run(PORT, sent)
            good = measured.statuses[201] + measured.statuses[302]
            filed = Submission.objects.filter(response__code__in=codes).count()
            if filed != good:
                raise SystemExit(f"{good} were acknowledged, {filed} are stored")
            share = f"{measured.per_second / one_insert:.0%}"
            times = (f"{measured.percentile(percent) * 1000:.0f} ms" for percent in (50, 99))
            row(door, f"{size:,}", f"{measured.per_second:.0f}", share, *times, count - good)


def api_submission(code: str, headers: dict[str, str]) -> bytes:
    return request("POST", f"/api/v1/responses/{code}/submit/", headers={**headers, "Idempotency-Key": code})


def form_submission(code: str, cookie: str) -> bytes:
    csrf = "x" * 32
    browser = {
        "Cookie": f"sessionid={cookie}; csrftoken={csrf}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return request("POST", f"/responses/{code}/submit/", headers=browser, body=f"csrfmiddlewaretoken={csrf}".encode())


# --- The same request again and again ---------------------------------------------------------------------------------
def repeats(count: int = 10_000) -> None:
    question = data.consultation()
    member = data.member("bench-repeater")
    headers = bearer(data.token(member))
    codes = data.drafts(count, question, member)
    sent = [api_submission(code, headers) for code in codes for _ in range(3)]
    measured = load.run(PORT, iter(sent), connections=16)
    other = json.dumps({"checked": "0" * 64}).encode()
    reused = load.run(
        PORT,
        [
            request(
                "POST",
                f"/api/v1/responses/{code}/submit/",
                headers={**headers, "Idempotency-Key": code, "Content-Type": "application/json"},
                body=other,
            )
            for code in codes[:100]
        ],
    )
    table("Each submission sent three times at once, one Idempotency-Key", ["what", "count"])
    row("requests", f"{len(sent):,}")
    row("answers by status", dict(sorted(measured.statuses.items())))
    row("submissions stored", f"{Submission.objects.filter(response__code__in=codes).count():,}")
    row("responses with more than one version", Submission.objects.filter(response__code__in=codes, version=2).count())
    row("the same keys with another body: answers by status", dict(reused.statuses))


# --- Either side of a deadline ----------------------------------------------------------------------------------------
def deadline(count: int = 20_000, burst: int = 800) -> None:
    member = data.member("bench-late")
    headers = bearer(data.token(member))
    seen: Counter[str] = Counter()
    while seen["requests"] < count:
        closes_at = timezone.now() + timedelta(seconds=60)
        question = data.consultation(closes_at=closes_at)
        codes = data.drafts(burst, question, member)
        closes_at = timezone.now() + timedelta(seconds=2.2)
        question.section.deadline.closes_at = closes_at
        question.section.deadline.save(update_fields=["closes_at"])
        time.sleep(max(0, (closes_at - timezone.now()).total_seconds() - 2))
        seen += judged(codes, headers, closes_at)
        print(f"{seen['requests']:,} of {count:,}", file=sys.stderr, flush=True)
    table("Submissions within two seconds either side of a deadline", ["what", "count"])
    for what in ("requests", "accepted", "refused as closed", "other answers", "decided wrongly"):
        row(what, f"{seen[what]:,}")


def judged(codes: list[str], headers: dict[str, str], closes_at: datetime) -> Counter[str]:
    """Send one burst, each client with a wrong clock of its own, and judge each answer by when it was asked and given.

    This machine's clock is the database's here. A request that was accepted must have been sent by the deadline, and
    the stored `received_at` be no later; one that was refused must have been answered after it.
    """
    until = closes_at + timedelta(seconds=2)
    code_of: dict[bytes, str] = {}

    def submissions() -> Iterator[bytes]:
        for code in codes:
            if timezone.now() >= until:
                return
            theirs = timezone.now() + timedelta(hours=random.uniform(-48, 48))
            wrong = {"Date": theirs.strftime("%a, %d %b %Y %H:%M:%S GMT")}
            sent = api_submission(code, {**headers, **wrong})
            code_of[sent] = code
            yield sent

    answers = load.run(PORT, submissions(), keep=True).answers
    stored = dict(Submission.objects.filter(response__code__in=codes).values_list("response__code", "received_at"))
    found: Counter[str] = Counter(requests=len(answers))
    for answer in answers:
        accepted, refused = answer.status == 201, answer.status == 409
        found["accepted"] += accepted
        found["refused as closed"] += refused
        found["other answers"] += not (accepted or refused)
        code, closes = code_of[answer.request], closes_at.timestamp()
        wrong_yes = accepted and (answer.sent > closes or code not in stored or stored[code] > closes_at)
        wrong_no = refused and (answer.answered <= closes or code in stored)
        found["decided wrongly"] += wrong_yes or wrong_no
    return found


# --- Killed in mid-request --------------------------------------------------------------------------------------------
def killed(count: int = 4_000, kills: int = 20) -> None:
    question = data.consultation()
    member = data.member("bench-killed")
    headers = bearer(data.token(member))
    codes = data.drafts(count, question, member)
    done = threading.Event()
    murders: list[int] = []

    def killer() -> None:
        while len(murders) < kills and not done.wait(random.uniform(0.2, 0.6)):
            victims = web_workers()
            if victims:
                murders.append(random.choice(victims))
                os.kill(murders[-1], signal.SIGKILL)

    hand = threading.Thread(target=killer)
    hand.start()
    acknowledged: set[str] = set()
    dropped = 0
    waiting = codes
    while waiting:
        code_of = {api_submission(code, headers): code for code in waiting}
        sent = load.run(PORT, list(code_of), keep=True)
        acknowledged |= {code_of[one.request] for one in sent.answers if one.status in (200, 201)}
        dropped += sent.statuses[0]
        waiting = [code for code in waiting if code not in acknowledged]
    done.set()
    hand.join()
    whole = Response.objects.filter(code__in=acknowledged, latest__receipt__isnull=False, state="submitted").count()
    table("Web processes killed while they worked", ["what", "count"])
    row("submissions", f"{count:,}")
    row("kill -9 of a web process", len(murders))
    row("requests that got no answer and were sent again with the same key", dropped)
    row("acknowledged", f"{len(acknowledged):,}")
    row("of these stored whole, with a receipt", f"{whole:,}")
    row("filed twice", Submission.objects.filter(response__code__in=codes, version__gt=1).count())


def web_workers() -> list[int]:
    """The processes of gunicorn that do the work: those whose parent is another of its processes."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"script.bench_wsgi" in (folder / "cmdline").read_bytes():
                parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    return [pid for pid, parent in parents.items() if parent in parents]


CASES = {
    "lists": lists,
    "submissions": submissions,
    "repeats": repeats,
    "deadline": deadline,
    "alerts": alerts,
    "killed": killed,
}


def main(names: list[str]) -> None:
    print(f"{os.cpu_count()} cores; web: 2 processes of 4 threads; Python {sys.version.split()[0]}")
    for name in names:
        began = time.perf_counter()
        CASES[name]()
        print(f"\n({name}: {time.perf_counter() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
