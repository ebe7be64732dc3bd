"""What every test may ask for. The processes behind the fixtures are in tests/live.py.

| fixture | gives |
|---|---|
| `freeze(instant)` | a clock that stands still, for Python and for the database's own `notifications.clock.now` |
| `subqueries_run_again` | an unlucky plan: what a statement takes may not depend on how it is planned |
| `mailbox` | the real SMTP receiver, empty; Django sends to it |
| `live_soundings` | web, worker, beat and mailbox on a database of their own; the ORM of the test talks to it too |
"""

import base64
import gc
import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
import time_machine
from psycopg import sql
from xdist.scheduler import LoadFileScheduling

from tests.live import Mailbox, Soundings

# The shell first: the same engine without a browser's windows, in two thirds of the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)


def pytest_configure(config: pytest.Config) -> None:
    """Point this process of the run at its own Redis database, before anything has opened a connection."""
    if not os.environ.get("DATABASE_URL"):
        raise pytest.UsageError(
            "DATABASE_URL is not set: start the suite with script/test, or export it before pytest."
        )
    # Playwright's blocking API keeps an event loop in this thread, and Django would take it for asynchronous code.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    from django.conf import settings

    from config import celery_app

    redis_url = _redis_url_of_this_process(settings.REDIS_URL)
    os.environ["REDIS_URL"] = settings.REDIS_URL = settings.CELERY_BROKER_URL = celery_app.conf.broker_url = redis_url
    settings.CACHES["default"]["LOCATION"] = redis_url
    # No manifest of collected files in tests, and no seconds spent on hashing passwords.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    # Empty: whitenoise reads the whole folder for each test client, and without a folder it warns.
    settings.STATIC_ROOT = Path(settings.STATIC_ROOT).with_name("static-of-tests")
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    # Given by script/test; without it each process of the run migrates a database of its own.
    settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = os.environ.get("TEST_DATABASE_TEMPLATE")
    settings.RECEIPT_SIGNING_KEY = base64.b64encode(bytes(range(32))).decode()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    from tests import emptying

    emptying.install()


def _redis_url_of_this_process(url: str) -> str:
    """Of Redis's 16 databases, the given one and those after it go to the processes of a parallel run."""
    index = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{(int(parts.path.strip('/') or 0) + index) % 16}"))


def pytest_collection(session: pytest.Session) -> None:
    """Processes of a run begin to load the tests at different places: what one has compiled, another finds done."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    tests = sorted(Path(__file__).parent.rglob("test_*.py"))
    for path in tests[len(tests) * mine // workers : len(tests) * (mine + 1) // workers] if workers > 1 else []:
        with suppress(Exception, pytest.skip.Exception):  # pytest itself tells of it when it comes to this file
            importlib.import_module(".".join(path.relative_to(session.config.rootpath).with_suffix("").parts))


SHORT = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first: begun last, one would keep a single process busy when the rest have finished."""
    ranks: dict[Path, int] = {}
    for item in items:
        ranks[item.path] = min(rank(item), ranks.get(item.path, SHORT))
    items.sort(key=lambda item: ranks[item.path])


def rank(item: pytest.Item) -> int:
    """Journeys before all: they mostly wait for other processes, and busy files may run beside them."""
    marks = {mark.name for mark in item.iter_markers()}
    return 0 if "journey" in marks else 1 if marks & {"browser", "long"} else SHORT


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """A file's tests go to one process; so do all that use `live_soundings`, with its four others, or a browser."""

    class OneOfEach(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            if file.endswith("browser.py"):
                return "browser"
            return "live" if file.startswith("tests/journeys/") or file == "tests/test_live.py" else file

    return OneOfEach(config, log)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it for garbage again and again took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium-headless-shell)")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """The system's Chromium; as root it refuses to run inside its own sandbox."""
    # Each page is new: by the time that its scripts are compiled to run fast, it is gone.
    arguments = ["--no-sandbox", "--js-flags=--no-opt --no-maglev"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": arguments}


@pytest.fixture(scope="session", autouse=True)
def parts_of_forms_are_no_pages(django_test_environment: None) -> None:
    """Django's test client keeps a copy of the context of each template, of each option of a list of choices too."""
    from django.template.base import Template
    from django.test.utils import instrumented_test_render

    def render(template: Template, context: Any) -> Any:
        part = (template.name or "").startswith(("django/forms/", "soundings/forms/"))
        return template.nodelist.render(context) if part else instrumented_test_render(template, context)

    Template._render = render  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any) -> None:
    """Of the processes of a run, the first makes the tables in the database that each then copies."""
    from django.core.management import call_command
    from django.db import connection

    template = connection.settings_dict["TEST"]["TEMPLATE"]
    if not template:
        return
    usual, unfinished = connection.settings_dict["NAME"], f"{template}_unfinished"
    with django_db_blocker.unblock(), psycopg.connect(_database_url("postgres"), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(1)")  # the others wait here
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
            return
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
        connection.settings_dict["NAME"] = unfinished
        call_command("migrate", verbosity=0)
        connection.close()
        connection.settings_dict["NAME"] = usual
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        admin.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(template)))


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(autouse=True)
def own_cache_and_files(settings, media: Path) -> None:  # type: ignore[no-untyped-def]
    """No test meets another's throttle counters, rate limits or files."""
    from django.core.cache import caches

    prefix = uuid4().hex
    settings.CACHES["default"]["KEY_PREFIX"] = prefix  # for threads that have yet to open their cache
    caches["default"].key_prefix = prefix
    # Made by the test that writes a file; a `tmp_path` for each of thousands takes ever longer to make and to remove.
    settings.MEDIA_ROOT = media / prefix


@pytest.fixture
def freeze(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[datetime], datetime]]:
    """`freeze(instant)`: from here on it is that instant. Call again to move on."""
    with ExitStack() as stack:

        def at(instant: datetime) -> datetime:
            if instant.tzinfo is None:
                raise ValueError("freeze() needs an instant with its time zone")
            stack.close()
            stack.enter_context(time_machine.travel(instant, tick=False))
            monkeypatch.setattr("notifications.clock.now", lambda: instant)
            return instant

        yield at


@pytest.fixture
def subqueries_run_again(db: None) -> Iterator[None]:
    """PostgreSQL plans as it may with other statistics: a subquery of an UPDATE runs once for each row."""
    from django.db import connection

    names = ["enable_hashjoin", "enable_hashagg", "enable_material", "enable_sort"]
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET {name} = off" for name in names))
        yield
        cursor.execute("; ".join(f"RESET {name}" for name in names))


# --- The real processes -----------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def mailbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    mailbox = Mailbox(tmp_path_factory.mktemp("mailbox"))
    mailbox.process.start()
    yield mailbox
    mailbox.process.stop()


@pytest.fixture
def mailbox(mailbox_process: Mailbox, settings) -> Mailbox:  # type: ignore[no-untyped-def]
    mailbox_process.process.ensure()
    mailbox_process.empty()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox_process.smtp_port
    settings.MAIL_LOOKUP_URL = mailbox_process.lookup_url
    return mailbox_process


@pytest.fixture(scope="session")
def live_database(django_db_setup: None, django_db_blocker) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """A copy of the empty test database, for as long as this process of the suite runs."""
    from django.db import connection

    name = f"live_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}_{os.getpid()}"
    with django_db_blocker.unblock():
        empty = str(connection.creation._get_test_db_name())
        if connection.settings_dict["NAME"] != empty:  # pytest-django made none: no test of this run asks for `db`
            connection.creation.create_test_db(verbosity=0, autoclobber=True, keepdb=True)
        connection.close()  # PostgreSQL copies a database only while nobody uses it
    with psycopg.connect(_database_url("postgres"), autocommit=True) as admin:
        # A thread of an earlier test, such as a live server's, may have left its connection open.
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [empty])
        # … not even a thread of an earlier test, which opens another connection when it needs one
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [empty])
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(empty)))
        yield name
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def soundings_processes(
    live_database: str, mailbox_process: Mailbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Soundings]:
    parts = urlsplit(os.environ["REDIS_URL"])
    away = (int(parts.path.strip("/") or 0) + 8) % 16  # a test that empties Redis empties this one alone
    soundings = Soundings(
        database_url=_database_url(live_database),
        redis_url=urlunsplit(parts._replace(path=f"/{away}")),
        mailbox=mailbox_process,
        folder=tmp_path_factory.mktemp("soundings"),
    )
    soundings.collect_static()
    yield soundings
    soundings.stop()


@pytest.fixture
def live_soundings(soundings_processes: Soundings, mailbox: Mailbox, django_db_blocker) -> Iterator[Soundings]:  # type: ignore[no-untyped-def]
    """Everything running, on a database that is shared by the journeys of one process and never rolled back.

    The test's ORM uses that database, so do not ask for `db` as well; name what you make so that it is yours alone.
    `live_soundings.worker.kill()`, `.beat.kill()`, `.web.kill()` are put right before the next test.
    """
    from django.conf import settings
    from django.db import connection

    soundings_processes.ensure()
    usual = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["NAME"] = urlsplit(str(soundings_processes.env["DATABASE_URL"])).path[1:]
        settings.MEDIA_ROOT = soundings_processes.folder / "media"
        try:
            yield soundings_processes
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual
            soundings_processes.rest()


def _database_url(name: str) -> str:
    """This run's PostgreSQL, another database."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(name)}"))
