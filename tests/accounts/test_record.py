from datetime import UTC, datetime
from io import StringIO
from threading import Barrier, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory

from accounts import record
from accounts.models import Act, Seal
from accounts.record import By, client_ip
from tests.accounts.conftest import NOW
from tests.factories import UserFactory


def act(verb="looked", **detail):
    return record.write(by=By(user=None, door="command", ip="2001:db8::1"), verb=verb, subject="x:1", at=NOW, **detail)


@pytest.fixture
def chain(db):
    acts = [act(number=number, words="Zoë & ‘co’", nested={"b": 1, "a": [1.5, None]}) for number in range(5)]
    assert record.seal() == 5
    return acts


def tamper(table, statement):
    """What somebody with the database's own keys could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or ALTER TABLE waits for checks that wait for the commit
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
        cursor.execute(statement)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_act SET verb = 'other'",
        "DELETE FROM accounts_act",
        "UPDATE accounts_seal SET digest = ''",
        "DELETE FROM accounts_seal",
    ],
)
def test_database_refuses_to_change_the_record(chain, statement):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (Act.objects.count(), Seal.objects.count()) == (5, 5)


def test_write_keeps_who_when_what_and_from_where(db):
    person = UserFactory(email="who@example.org")
    by = By(user=person, door="api", ip="192.0.2.1")
    made = record.write(by=by, verb="submitted", subject="response:A", at=NOW, organisation_code="B", version=2)
    assert Act.objects.values().get() == {
        "id": made.pk, "at": NOW, "verb": "submitted", "actor_id": person.pk, "actor": "who@example.org", "door": "api",
        "ip": "192.0.2.1", "subject": "response:A", "consultation_code": "", "organisation_code": "B",
        "detail": {"version": 2},
    }  # fmt: skip
    person.delete()
    assert Act.objects.get().actor == "who@example.org"


def test_seal_chains_what_is_new_and_verify_finds_it_whole(chain):
    assert record.verify() == ""
    assert record.seal() == 0
    act()
    assert record.seal() == 1
    assert record.verify() == ""
    assert list(Seal.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_seal_takes_a_late_act_with_a_lower_number(chain):
    """Numbers are given when an act is written, and rows appear when its transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE accounts_act_id_seq RESTART WITH 1000000")
    act()
    record.seal()
    Act.objects.create(pk=999_999, at=NOW, verb="late", actor="Soundings", door="task", subject="x:1")
    assert record.seal() == 1
    assert record.verify() == ""


def test_seal_works_in_batches(db):
    for _ in range(5):
        act()
    assert [record.seal(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert record.verify() == ""


@pytest.mark.parametrize(
    "change",
    [
        "verb = 'other'", "at = at + interval '1 second'", "actor = 'nobody'", "actor_id = 7", "door = 'page'",
        "ip = '192.0.2.9'", "subject = 'x:2'", "consultation_code = 'C'", "organisation_code = 'D'",
        "detail = '{\"number\": 99}'",
    ],
)  # fmt: skip
def test_verify_finds_a_changed_act(chain, change):
    third = chain[2].pk
    tamper("accounts_act", f"UPDATE accounts_act SET {change} WHERE id = {third}")
    assert record.verify().startswith(f"Act {third} ")


def test_verify_finds_a_removed_act(chain):
    tamper("accounts_seal", "DELETE FROM accounts_seal WHERE number = 3")
    tamper("accounts_act", f"DELETE FROM accounts_act WHERE id = {chain[2].pk}")
    assert record.verify() == "Seal 3 is missing."


def test_verify_finds_an_act_removed_and_the_seals_renumbered(chain):
    tamper("accounts_seal", "DELETE FROM accounts_seal WHERE number = 3")
    tamper("accounts_act", f"DELETE FROM accounts_act WHERE id = {chain[2].pk}")
    tamper("accounts_seal", "UPDATE accounts_seal SET number = number - 1 WHERE number > 3")
    assert record.verify().startswith(f"Act {chain[3].pk} ")


@pytest.mark.django_db(transaction=True)
def test_two_sealers_make_one_chain():
    for number in range(300):
        act(number=number)
    barrier, sealed = Barrier(4), []

    def run():
        barrier.wait()
        try:
            sealed.append(record.seal())
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sealed) == 300
    assert record.verify() == ""
    assert Seal.objects.count() == 300


def verify_record(**options):
    out = StringIO()
    call_command("verify_record", stdout=out, **options)
    return out.getvalue()


def test_verify_record_says_what_holds_and_prints_the_head(chain):
    act()
    last = Seal.objects.get(number=5)
    assert verify_record() == f"The record holds: 5 acts sealed, 1 not sealed yet.\nHead: 5:{last.digest}\n"


def test_verify_record_of_an_empty_record(db):
    assert verify_record() == "The record holds: 0 acts sealed, 0 not sealed yet.\n"


def test_verify_record_fails_when_the_record_does_not_hold(chain):
    tamper("accounts_act", "UPDATE accounts_act SET verb = 'other'")
    with pytest.raises(CommandError, match="does not hold"):
        verify_record()


def test_verify_record_finds_an_end_cut_off_by_a_head_kept_elsewhere(chain):
    kept = verify_record().split("Head: ")[1].strip()
    assert "holds" in verify_record(head=kept)
    tamper("accounts_seal", "DELETE FROM accounts_seal WHERE number = 5")
    tamper("accounts_act", f"DELETE FROM accounts_act WHERE id = {chain[4].pk}")
    assert "holds" in verify_record()
    with pytest.raises(CommandError, match="seal number 5"):
        verify_record(head=kept)


@pytest.mark.parametrize("head", ["5", "x:y", ":abc", "5:"])
def test_verify_record_refuses_a_head_of_another_shape(chain, head):
    with pytest.raises(CommandError, match="looks like"):
        verify_record(head=head)


def test_digest_does_not_depend_on_the_zone_of_the_connection(chain):
    from zoneinfo import ZoneInfo

    one = Act.objects.first()
    before = record.digest("", one)
    one.at = one.at.astimezone(ZoneInfo("America/New_York"))
    assert record.digest("", one) == before
    assert datetime.fromisoformat(one.at.isoformat()).astimezone(UTC) == NOW


# --- the client's address ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, None, "192.0.2.1"),
        (0, "203.0.113.7", "192.0.2.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "10.9.9.9, 203.0.113.7", "203.0.113.7"),
        (2, "10.9.9.9, 203.0.113.7, 198.51.100.2", "203.0.113.7"),
        (2, "203.0.113.7", "192.0.2.1"),
        (1, None, "192.0.2.1"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "not an address", None),
        (1, ", ,", "192.0.2.1"),
    ],
)
def test_client_ip_believes_as_many_entries_as_we_have_proxies(settings, proxies, forwarded, expected):
    settings.NUM_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_ip(RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", **headers)) == expected
