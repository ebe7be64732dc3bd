"""One round of script/chaos: real workers, one of them killed, while a deadline is moved. For all rounds run it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from tests.conftest import _database_url

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker) -> Iterator[str]:
    """A copy of the empty test database that no other worker or beat of the suite looks into; its address."""
    from django.db import connection

    name = sql.Identifier(f"chaos_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}_{os.getpid()}")
    with django_db_blocker.unblock():
        if not str(connection.settings_dict["NAME"]).startswith("test_"):  # no test of this run asks for `db`
            connection.creation.create_test_db(verbosity=0, autoclobber=True, keepdb=True)
        empty = sql.Identifier(connection.settings_dict["NAME"])
        connection.close()
    with psycopg.connect(_database_url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, empty))
        yield _database_url(name._obj[0])
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_a_round_in_which_a_worker_is_killed_and_the_deadline_moves(own_database, tmp_path):
    parts = urlsplit(os.environ["REDIS_URL"])
    away = (int(parts.path.strip("/") or 0) + 4) % 16  # a Redis database that no other test of this run uses
    env = {
        **os.environ,
        "DATABASE_URL": own_database,
        "REDIS_URL": urlunsplit(parts._replace(path=f"/{away}")),
    }
    command = [sys.executable, "-m", "script.chaos_rounds", "--var", str(tmp_path), "--given", "--seed", "7"]
    command += ["--only", "deadline moved", "--messages", "40", "--kills", "1", "--workers", "1"]

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "As promised in every round." in done.stdout
    cells = re.search(r"^\| 1 \|.*$", done.stdout, re.MULTILINE).group().split("|")[3:-1]
    owed, killed, arrived, _refused, lost, twice, *_ = (int(cell) for cell in cells)
    assert (owed, killed, lost, twice) == (40, 1, 0, 0)
    assert arrived >= owed
