"""A database is at none of the migrations that became one, or at all of them; in between it is refused."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config import health, upgrading

ROOMS = ["accounts", "consultations", "notifications", "responses"]


def forget(room: str, *names: str) -> None:
    """As if the database had never had these of a room's old migrations."""
    assert MigrationRecorder.Migration.objects.filter(app=room, name__in=names).delete()[0] == len(names)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("room", "last"),
    [
        ("accounts", "0009_sign_off"),
        ("consultations", "0006_follow_rhythm_never"),
        ("notifications", "0007_moving_on"),
        ("responses", "0023_erasure_of_input"),
    ],
)
def test_some_of_the_old_migrations_are_refused_by_name_of_the_room(room, last):
    forget(room, last)
    with pytest.raises(CommandError, match=rf"only some of the migrations of {room} that .* Check out ae7d8a4"):
        call_command("migrate", verbosity=0)


@pytest.mark.django_db
def test_a_server_on_such_a_database_is_not_ready(monkeypatch, rf):
    forget("responses", "0022_members_spoken_for", "0023_erasure_of_input")
    monkeypatch.setattr(health, "_migrated", False)
    assert health.ready(rf.get("/health/")).status_code == 503


@pytest.mark.django_db
def test_all_of_the_old_migrations_count_as_the_one(capsys):
    """As of a database that was made by them."""
    MigrationRecorder.Migration.objects.filter(name="0100_schema").delete()
    call_command("migrate", verbosity=1)
    assert "No migrations to apply." in capsys.readouterr().out
    assert sorted(MigrationRecorder.Migration.objects.filter(name="0100_schema").values_list("app", flat=True)) == ROOMS


@pytest.mark.django_db
def test_none_of_them_is_an_empty_database_and_welcome():
    MigrationRecorder.Migration.objects.filter(app__in=ROOMS).delete()
    upgrading.refuse_half_migrated(connection)
    loader = MigrationLoader(connection)
    assert {(room, "0100_schema") for room in ROOMS} <= loader.graph.nodes.keys() - loader.applied_migrations.keys()
