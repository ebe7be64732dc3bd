"""Demonstration accounts: there to sign in with, and only on one's own machine."""

from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command

from accounts.models import Membership, Organisation, User
from consultations import following
from consultations.models import Follow
from consultations.rehearsing import rehearse
from responses.demonstration import ACCOUNTS, FIRM_A, FIRM_B, PASSWORD, make_accounts
from tests.consultations.test_loading import BY
from tests.factories import AuthorityFactory, paper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def local(settings):
    settings.LOCAL = True


def test_the_accounts_can_sign_in_and_have_their_places():
    people = make_accounts()
    assert [person.email for person in people] == [account.email for account in ACCOUNTS]
    assert all(person.email.endswith("@example.org") and person.check_password(PASSWORD) for person in people)
    assert EmailAddress.objects.filter(verified=True, primary=True).count() == len(people)
    roles = set(Membership.objects.values_list("organisation__name", "user__email", "role"))
    assert roles == {(account.firm, account.email, account.role) for account in ACCOUNTS if account.firm}
    assert set(Organisation.objects.values_list("name", flat=True)) == {FIRM_A, FIRM_B}
    officer = User.objects.get(email="demo-staff@example.org")
    assert officer.has_perm("consultations.publish_consultation")
    assert not officer.has_perm("responses.view_confidential")
    assert User.objects.filter(is_staff=True).count() == 2


def test_firm_a_follows_the_fca_and_the_rehearsals():
    fca = AuthorityFactory(slug="fca")
    rehearsal = rehearse(consultation=paper(), by=BY)
    make_accounts()
    reader = User.objects.get(email="demo-reader@example.org")
    assert following.hears(user=reader, consultation=rehearsal)
    assert set(Follow.objects.filter(user=reader).values_list("authority", "consultation")) == {
        (fca.pk, None), (None, rehearsal.pk),
    }  # fmt: skip
    assert not Follow.objects.filter(user__email="demo-firm-b@example.org").exists()


def test_again_changes_nothing_and_says_where_a_password_was_changed():
    make_accounts()
    person = User.objects.get(email="demo-firm@example.org")
    person.set_password("another one altogether")
    person.save()
    said = StringIO()
    call_command("demonstration_accounts", stdout=said)
    assert said.getvalue().count("its password was changed") == 1
    assert User.objects.count() == len(ACCOUNTS)
    assert Organisation.objects.count() == 2


def test_anywhere_else_they_are_refused(settings):
    settings.LOCAL = False
    with pytest.raises(CommandError, match="SOUNDINGS_LOCAL"):
        call_command("demonstration_accounts")
    assert not User.objects.exists()
