"""Files in pieces: tus 1.0 as its clients speak it, carried on after a break, and taken only when whole and sound."""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from notifications import clock
from responses import uploading
from responses.file_models import Upload
from responses.models import Attachment
from tests import factories

pytestmark = pytest.mark.django_db
CONTENT = b"".join(b"line %d\n" % number for number in range(3000))
SIZE = len(CONTENT)


def begin(caller, firm, name="evidence.txt", length=SIZE, **more):
    metadata = {"filename": name, **more}
    header = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
    return caller.post(
        f"{firm.url}uploads/",
        headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": header},
    )


def send(caller, place, at, piece):
    return caller.patch(
        place, piece, content_type="application/offset+octet-stream", headers={"Upload-Offset": str(at)}
    )


def place_of(begun) -> str:
    assert begun.status_code == 201, begun.json()
    return begun["Location"].removeprefix("http://testserver")


def test_a_file_comes_in_pieces_and_is_attached_when_whole(call, firm):
    caller, question = call(firm.drafter), factories.question(firm.paper, "1")
    place = place_of(begin(caller, firm, question=question.code))
    first = send(caller, place, 0, CONTENT[:9000])
    assert (first.status_code, first["Upload-Offset"], first["Tus-Resumable"]) == (204, "9000", "1.0.0")
    asked = caller.head(place)
    assert (asked.status_code, asked["Upload-Offset"], asked["Upload-Length"]) == (200, "9000", str(len(CONTENT)))
    assert send(caller, place, 4000, CONTENT[4000:]).status_code == 409  # not where the last one ended
    assert not Attachment.objects.exists()
    last = send(caller, place, 9000, CONTENT[9000:])
    assert (last.status_code, last["Upload-Offset"]) == (200, str(len(CONTENT)))
    assert last.json()["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert (last.json()["name"], last.json()["question"]) == ("evidence.txt", question.code)
    assert caller.head(place).status_code == 404
    assert not Upload.objects.exists()
    assert default_storage.listdir("uploads")[1] == []


def test_another_version_of_tus_is_refused_as_tus_asks_for(call, firm):
    caller = call(firm.drafter)
    place = place_of(begin(caller, firm))
    other = {"Tus-Resumable": "0.2.2", "Upload-Offset": "0", "Upload-Length": "3"}
    for answer in (
        caller.patch(place, b"abc", content_type="application/offset+octet-stream", headers=other),
        caller.post(f"{firm.url}uploads/", headers=other),
    ):
        assert (answer.status_code, answer["Tus-Version"], answer.json()["code"]) == (412, "1.0.0", "tus_version")
    assert caller.head(place)["Upload-Offset"] == "0"
    assert Upload.objects.count() == 1


def test_what_a_dead_process_wrote_beyond_the_row_is_written_over(call, firm):
    caller = call(firm.drafter)
    place = place_of(begin(caller, firm))
    send(caller, place, 0, CONTENT[:100])
    upload = Upload.objects.get()
    with Path(default_storage.path(upload.path)).open("ab") as store:
        store.write(b"half a piece that nobody counted")
    assert send(caller, place, 100, CONTENT[100:]).json()["sha256"] == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "run.exe"}, 400),
        ({"name": "a.txt", "length": 0}, 400),
        ({"name": "a.txt", "length": 10**12}, 413),
        ({"name": "a.txt", "length": "many"}, 400),
        ({"name": "a.txt", "question": "0000000000"}, 400),
    ],
)
def test_what_would_not_be_taken_is_refused_before_it_is_sent(call, firm, fields, status):
    assert begin(call(firm.drafter), firm, **fields).status_code == status
    assert not Upload.objects.exists()


def test_what_turns_out_not_to_be_what_it_says_is_refused_and_gone(call, firm):
    caller = call(firm.drafter)
    place = place_of(begin(caller, firm, name="evidence.pdf"))
    refused = send(caller, place, 0, CONTENT)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "file")
    assert caller.head(place).status_code == 404
    assert default_storage.listdir("uploads")[1] == []
    place = place_of(begin(caller, firm, length=10))
    assert send(caller, place, 0, b"more than ten bytes").status_code == 400
    assert caller.head(place)["Upload-Offset"] == "0"
    assert send(caller, place, 0, b"").status_code == 204
    assert not Attachment.objects.exists()


def test_nobody_carries_on_what_another_began_and_few_are_begun_at_once(call, firm):
    place = place_of(begin(call(firm.drafter), firm))
    colleague = factories.member(firm.organisation, "drafter")
    for stranger in (colleague, factories.member(factories.OrganisationFactory()), firm.reader):
        assert [call(stranger).head(place).status_code, send(call(stranger), place, 0, b"x").status_code] == [404, 404]
    assert call(firm.drafter).delete(place).status_code == 204
    assert call(firm.drafter).head(place).status_code == 404
    begun = [begin(call(firm.drafter), firm).status_code for _ in range(uploading.AT_ONCE + 1)]
    assert begun == [201] * uploading.AT_ONCE + [409]
    assert uploading.forget_old(clock.now()) == 0
    assert uploading.forget_old(clock.now() + timedelta(hours=25)) == uploading.AT_ONCE
    assert default_storage.listdir("uploads")[1] == []


def test_a_client_can_ask_what_is_spoken_here(call, firm):
    said = call(firm.drafter).options(f"{firm.url}uploads/")
    assert said.status_code == 204
    assert (said["Tus-Version"], said["Tus-Extension"]) == ("1.0.0", "creation,termination,expiration")
