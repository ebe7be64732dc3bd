import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import call_command

from accounts import groups
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def rights(name):
    return {
        f"{app}.{codename}"
        for app, codename in Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
    }


def test_migrate_makes_the_groups():
    assert set(Group.objects.values_list("name", flat=True)) == set(groups.GROUPS)


@pytest.mark.parametrize(("name", "parts"), list(groups.GROUPS.items()))
def test_every_right_that_a_group_names_exists_and_is_given(name, parts):
    assert rights(name) == {f"{room}.{code}" for part in parts for room, codes in part.items() for code in codes}


def test_policy_staff_read_responses_but_nothing_confidential_and_publish_nothing():
    held = rights(groups.POLICY)
    assert {"responses.view_submission", "accounts.view_organisation", "consultations.change_consultation"} <= held
    assert "responses.view_confidential" not in held
    assert held & rights(groups.PUBLISHING) == {"consultations.view_announcement"}
    assert {"consultations.delete_consultation", "consultations.delete_outcome"} <= held
    assert rights(groups.CONFIDENTIAL) - held == {"responses.view_confidential"}
    assert not {right for right in held if right.startswith("responses.") and not right.startswith("responses.view_")}


def test_publishing_is_publishing_extending_withdrawing_and_correcting():
    assert rights(groups.PUBLISHING) == {
        "consultations.publish_consultation",
        "consultations.withdraw_consultation",
        "consultations.extend_deadline",
        "consultations.correct_question",
        "consultations.publish_outcome",
        "consultations.view_announcement",
    }


def test_post_and_access_is_sending_again_lifting_and_revoking_and_no_responses():
    changed = {right for right in rights(groups.POST) if ".change_" in right}
    assert changed == {
        "accounts.change_apitoken",
        "notifications.change_notification",
        "notifications.change_suppression",
    }
    assert not any(right.startswith(("responses.", "consultations.")) for right in rights(groups.POST))


def test_migrating_again_puts_back_what_is_missing_and_keeps_what_was_added():
    group = Group.objects.get(name=groups.PUBLISHING)
    added = Group.objects.get(name=groups.POLICY).permissions.get(codename="view_act")
    before = rights(groups.PUBLISHING)
    group.permissions.set([added])
    member = UserFactory()
    member.groups.add(group)
    call_command("migrate", verbosity=0)
    assert rights(groups.PUBLISHING) == before | {"accounts.view_act"}
    assert set(group.user_set.all()) == {member}


def test_groups_are_made_before_django_makes_the_permissions():
    """post_migrate reaches us first: the permissions that a group needs are made on the way."""
    Group.objects.all().delete()
    from django.contrib.auth.models import Permission

    Permission.objects.filter(content_type__app_label="consultations").delete()
    groups.ensure(apps.get_app_config("consultations"))
    assert "consultations.publish_consultation" in rights(groups.PUBLISHING)
