"""Statements that are kept: what is asked stays, who asks and when comes with each call."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.transaction import TransactionManagementError

from accounts.models import Membership, Organisation
from notifications.compiled import AnyOf, Kept, given, insert, update, with_z
from tests import factories

MEMBERS = Kept(
    lambda: Membership.objects.filter(user=given("user"), role="drafter").select_related("organisation").order_by("id")
)


@pytest.fixture
def two(db):
    return [factories.member(factories.OrganisationFactory(), "drafter") for _ in range(2)]


@pytest.mark.parametrize(
    ("postgresql", "here"),
    [
        ("2026-11-29T15:34:05+00:00", "2026-11-29T15:34:05Z"),
        ("2026-11-29T15:34:05.5+00:00", "2026-11-29T15:34:05.500000Z"),
        ("2026-11-29T15:34:05.78479+00:00", "2026-11-29T15:34:05.784790Z"),
        ("2026-11-29T15:34:05.784796+00:00", "2026-11-29T15:34:05.784796Z"),
        (None, None),
    ],
)
def test_an_instant_is_one_text_wherever_it_comes_from(postgresql, here):
    assert with_z(postgresql) == here


def test_each_call_brings_its_own_values(two):
    for user in two:
        (found,) = MEMBERS.all(user=user.pk)
        (asked,) = Membership.objects.filter(user=user)
        assert (found, found.organisation) == (asked, asked.organisation)
    assert MEMBERS.first(user=0) is None
    assert MEMBERS.first(user=None) is None


def test_postgresql_keeps_a_statement_with_its_plan(two):
    for user in two * 2:
        MEMBERS.all(user=user.pk)
    asked = str(MEMBERS.build().query).partition(" FROM ")[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
        assert any(times >= 4 for statement, times in cursor.fetchall() if statement.startswith(asked))


def test_a_value_that_is_missing_is_not_left_out(two):
    with pytest.raises(KeyError):
        MEMBERS.all()


def test_rows_come_as_the_queryset_gives_them(two):
    of = Kept(lambda: Membership.objects.filter(AnyOf("user_id", given("users"))).order_by("user"))
    flat = Kept(lambda: of.build().values_list("user", flat=True))
    named = Kept(lambda: of.build().annotate(of=F("user__email")).values("role", "of", "may_sign_off"))
    ids = [user.pk for user in two]
    assert [row.user_id for row in of.all(users=ids)] == flat.all(users=ids) == sorted(ids)
    assert named.all(users=ids[:1]) == [{"role": "drafter", "of": two[0].email, "may_sign_off": False}]
    assert of.all(users=[]) == []


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_over_its_own_connection():
    users = [factories.member(factories.OrganisationFactory(), "drafter").pk for _ in range(8)]

    def ask(user: int) -> int:
        try:
            return MEMBERS.all(user=user)[0].user_id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, users)) == users


@pytest.mark.django_db(transaction=True)
def test_a_lock_wants_a_transaction_each_time():
    locked = Kept(lambda: Organisation.objects.select_for_update().filter(pk=given("pk")))
    organisation = factories.OrganisationFactory()
    with transaction.atomic():
        assert locked.first(pk=organisation.pk) == organisation
    with pytest.raises(TransactionManagementError):
        locked.first(pk=organisation.pk)


def test_a_row_is_stored_and_changed_as_save_does(two):
    made = factories.OrganisationFactory.build(name="Before")
    insert(made)
    assert Organisation.objects.get(pk=made.pk) == made
    made.name, made.frn = "After", "123456"
    update(made, "name")
    stored = Organisation.objects.get(pk=made.pk)
    assert (stored.name, stored.frn, made._state.adding) == ("After", "", False)
