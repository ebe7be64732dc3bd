"""Loads Django and Celery once, and forks the processes that tests start and kill: `python -m tests.nursery`.

For each line of JSON, `{"command": ["celery", "worker", …], "log": …}`, a process is forked that does what
`python -m celery worker …` does, in a session of its own; its number is printed. Loading costs two to three seconds of
processor time, and journeys start a dozen. Without a nursery they start too: tests/test_running.py.
"""

import json
import os
import runpy
import signal
import sys
from importlib import import_module

from script.supervise import die_with_parent

# What the processes would import one after another; the first of them sets Django up.
LOADED = [
    "config.wsgi", "config.urls", "celery.bin.celery", "celery.apps.beat", "celery.apps.worker",
    "celery.concurrency.prefork", "kombu.transport.redis", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread",
]  # fmt: skip


def become(command: list[str], log: str) -> None:
    """In the child: all that `python -m` would have made of it."""
    os.setsid()
    die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for stream, (path, flags) in enumerate([(os.devnull, os.O_RDONLY), *[(log, os.O_WRONLY | os.O_APPEND)] * 2]):
        os.dup2(os.open(path, flags), stream)
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they are not to stay as zombies
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    for name in LOADED:
        import_module(name)
    while line := sys.stdin.readline():
        if number := os.fork():
            print(number, flush=True)
        else:
            become(**json.loads(line))
            return


if __name__ == "__main__":
    main()
