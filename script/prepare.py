"""Brings the database and the static files up to date for script/server. Repeatable; quick when nothing changed.

Run by .venv's Python with the settings in the environment. Prints the demonstration accounts and nothing else;
what the commands say goes to standard error.
"""

import hashlib
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

REHEARSALS = ("CP25/25", "UK-US Transatlantic Taskforce")


def main() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    with redirect_stdout(sys.stderr):
        call_command("check")  # for worker and beat too, which are started without (script/server)
        call_command("migrate", interactive=False, verbosity=1)
        collect_static()
        call_command("load_consultations")
        for paper in REHEARSALS:
            call_command("rehearse", paper, if_missing=True)
    call_command("demonstration_accounts")


def collect_static() -> None:
    """Collect only when a source file changed since the last time."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    stamp = Path(settings.STATIC_ROOT) / ".sources"
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=1)
    stamp.write_text(digest.hexdigest())


if __name__ == "__main__":
    main()
