"""The virus scanner, over its real protocol: what waits, what may be opened, and that nobody waits for it."""

import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from accounts.models import Act
from accounts.record import By
from notifications import clock
from notifications.message import Skip
from notifications.models import Notification
from responses import attaching, file_emails, scanning, submission
from responses.file_models import Screening
from responses.models import Attachment
from tests import factories
from tests.responses.pages import own_response, signed_in, status, url

pytestmark = pytest.mark.django_db
EICAR = "".join(reversed("*H+H$!ELIF-TSET-SURIVITNA-DRADNATS-RACIE$}7)CC7)^P(45XZP\\4[PA@%P!O5X")).encode()
CLAMD = shutil.which("clamd")


class Instream(socketserver.BaseRequestHandler):
    """What clamd does with zINSTREAM: reads chunks until one of no length, then says what it found."""

    def handle(self) -> None:
        if self.server.mood == "hangs":
            time.sleep(2)
            return
        stream = self.request.makefile("rb")
        assert stream.read(10) == b"zINSTREAM\0"
        if self.server.mood == "drops":
            return
        content = b""
        while size := int.from_bytes(stream.read(4), "big"):
            content += stream.read(size)
        self.server.seen.append(content)
        said = {"too long": b"INSTREAM size limit exceeded. ERROR"}.get(
            self.server.mood, b"stream: Eicar-Signature FOUND" if EICAR in content else b"stream: OK"
        )
        self.request.sendall(said + b"\0")


@pytest.fixture
def scanner(settings):
    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True
        mood, seen = "well", []

    with Server(("127.0.0.1", 0), Instream) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        settings.CLAMD_ADDRESS, settings.CLAMD_TIMEOUT = f"127.0.0.1:{server.server_address[1]}", 1
        yield server
        server.shutdown()


@pytest.fixture
def drafted():
    return own_response(factories.paper(), consented=True)


def given(response, user, content: bytes = b"words", name: str = "evidence.txt") -> Attachment:
    by = By(user=user, door="page")
    return attaching.attach(response=response, file=ContentFile(content, name=name), by=by)


def doors(attachment: Attachment, *people) -> list[int]:
    """What opening the file answers, on the page and over the API."""
    page = reverse("responses:attachment", args=[attachment.code])
    api = reverse("api:attachment_content", args=[attachment.response.code, attachment.code])
    return [status(signed_in(person).get(door)) for person in people for door in (page, api)]


def reader():
    rights = ("view_response", "view_submission", "view_attachment", "view_confidential")
    return factories.StaffFactory(rights=[f"responses.{right}" for right in rights])


def sweep(later: timedelta = timedelta()) -> int:
    return scanning.scan_due(clock.now() + later)


def test_nobody_opens_a_file_before_it_is_found_clean(scanner, drafted) -> None:
    response, user = drafted
    attachment = given(response, user, content=b"x" * 300_000)
    staff = reader()
    assert doors(attachment, user) == [409, 409]
    submission.submit(response=response, by=By(user=user, door="page"))  # filed in time all the same
    assert doors(attachment, user, staff) == [409] * 4
    assert "waiting for the virus scanner" in signed_in(user).get(url("attachments", response)).content.decode().lower()
    assert sweep() == 1
    assert scanner.seen == [b"x" * 300_000]
    assert doors(attachment, user, staff) == [200] * 4
    assert sweep(timedelta(days=1)) == 0


def test_what_is_infected_is_named_and_stays_shut(scanner, drafted) -> None:
    response, user = drafted
    attachment = given(response, user, content=b"Evidence " + EICAR)
    submission.submit(response=response, by=By(user=user, door="page"))
    assert sweep() == 1
    attachment.refresh_from_db()
    assert (attachment.screening, attachment.scan_note) == (Screening.INFECTED, "Eicar-Signature")
    staff = reader()
    assert doors(attachment, user, staff) == [409] * 4
    assert "Eicar-Signature" in signed_in(user).get(url("attachments", response)).content.decode()
    assert (
        "Eicar-Signature"
        in signed_in(user).get(reverse("responses:attachment", args=[attachment.code])).content.decode()
    )
    for name, pk in (("response", response.pk), ("attachment", attachment.pk)):
        page = signed_in(staff).get(reverse(f"admin:responses_{name}_change", args=[pk])).content.decode()
        assert "Eicar-Signature" in page
        assert reverse("responses:attachment", args=[attachment.code]) not in page
    assert Act.objects.filter(verb="file rejected by the virus scanner").count() == 1


@pytest.mark.parametrize("mood", ["drops", "hangs", "too long", "away"])
def test_a_scanner_that_fails_is_asked_again_and_holds_up_nothing(scanner, drafted, settings, mood: str) -> None:
    response, user = drafted
    good, scanner.mood = settings.CLAMD_ADDRESS, mood
    settings.CLAMD_TIMEOUT = 0.3
    if mood == "away":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            settings.CLAMD_ADDRESS = f"127.0.0.1:{free.getsockname()[1]}"
    attachment = given(response, user)
    assert submission.submit(response=response, by=By(user=user, door="page")).version == 1
    assert sweep() == 0
    attachment.refresh_from_db()
    assert (attachment.screening, attachment.scan_tries) == (Screening.WAITING, 1)
    assert "virus scanner" in attachment.scan_note
    assert sweep() == 0  # not due yet: a scanner in trouble is not asked without end
    attachment.refresh_from_db()
    assert attachment.scan_tries == 1
    scanner.mood, settings.CLAMD_ADDRESS = "well", good
    assert sweep(scanning.FIRST_RETRY + timedelta(seconds=5)) == 1
    assert doors(attachment, user) == [200, 200]


def test_without_a_scanner_files_are_opened_and_staff_are_told(drafted, settings) -> None:
    response, user = drafted
    attachment = given(response, user)
    assert sweep() == 0
    assert doors(attachment, user) == [200, 200]
    page = reverse("admin:responses_attachment_changelist")
    assert "No virus scanner is set up" in signed_in(reader()).get(page).content.decode()
    settings.CLAMD_ADDRESS = "127.0.0.1:1"
    assert doors(attachment, user) == [409, 409]  # from the moment there is one, nothing unscanned is handed out
    assert "No virus scanner is set up" not in signed_in(reader()).get(page).content.decode()


@pytest.mark.skipif(CLAMD is None, reason="clamd is not installed (Debian: apt-get install clamav-daemon)")
def test_the_real_clamd_finds_the_test_virus(drafted, settings, tmp_path) -> None:
    """With one signature of our own: its usual ones come over the network and are a gigabyte."""
    (tmp_path / "own.ndb").write_text(f"Own.Eicar:0:*:{EICAR.hex()}\n")
    place = tmp_path / "clamd.ctl"
    (tmp_path / "clamd.conf").write_text(
        f"LocalSocket {place}\nDatabaseDirectory {tmp_path}\nForeground yes\nStreamMaxLength 1M\n"
        f"LogFile {tmp_path / 'log'}\nUser {'root' if os.geteuid() == 0 else os.environ['USER']}\n"
    )
    settings.CLAMD_ADDRESS = str(place)
    process = subprocess.Popen([CLAMD, "--config-file", str(tmp_path / "clamd.conf")], stdout=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + 20
        while not place.exists() and time.monotonic() < ends:
            time.sleep(0.05)
        assert scanning.ask([b"harmless ", b"words"]) == ""
        assert scanning.ask([b"before ", EICAR[:30], EICAR[30:]]) == "Own.Eicar.UNOFFICIAL"
        with pytest.raises(scanning.ScannerAway, match="size limit exceeded"):
            scanning.ask([b"x" * 100_000 for _ in range(30)])
    finally:
        process.kill()
        process.wait()


def test_who_gave_a_rejected_file_is_told_once_what_to_do(scanner, drafted) -> None:
    """While it is open, once it was filed, and after the deadline; and not who no longer has to do with it."""
    response, _ = drafted
    question = response.consultation.sections.get().questions.get(number="2")
    giver, submitter, reader = (
        factories.member(response.organisation, role, confirmed=True) for role in ("drafter", "submitter", "reader")
    )
    by = By(user=giver, door="page")
    file = ContentFile(b"Evidence " + EICAR, name="costs.txt")
    attachment = attaching.attach(response=response, file=file, question=question, by=by)
    assert sweep() == 1
    told = {row.payload["user"]: row for row in Notification.objects.filter(kind="file_rejected")}
    assert set(told) == {giver.pk, submitter.pk}, f"not {reader.pk}, who only reads"
    assert file_emails.queue_rejected(attachment, now=clock.now()) == 0

    def said(person, at=None):
        found = file_emails.file_rejected(told[person.pk], at or clock.now())
        return found.reason if isinstance(found, Skip) else found.text

    draft = said(giver)
    for words in ("costs.txt", "question 2", "Eicar-Signature", "The rest of your response is as it was", "clean copy"):
        assert words in draft, words
    assert "submit again" not in draft
    submission.submit(response=response, by=By(user=submitter, door="page"))
    filed = said(submitter)
    for words in ("filed without being readable", "and submit again", f"{response.code}-1"):
        assert words in filed, words
    late = said(submitter, clock.now() + timedelta(days=40))
    assert "Ask for more time" in late
    assert url("more_time", response) in late
    giver.memberships.all().delete()
    assert "no longer" in said(giver)
    attaching.remove(attachment=attachment, by=By(user=submitter, door="page"))
    assert "filed without being readable" in said(submitter)  # the version that stands still holds it
    given(response, submitter, name="clean.txt")
    submission.submit(response=response, by=By(user=submitter, door="page"))
    assert "not in what was filed" in said(submitter)
