"""A worker's sweep in a process of its own, to be killed: `python -m tests.notifications.sweeper <name>`.

It sweeps until nothing is unfinished. Leases and doubt are as short as the environment says.
"""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()


def main(name: str) -> None:
    from django.conf import settings

    from notifications import outbox
    from notifications.models import Notification
    from tests.notifications.conftest import NOW
    from tests.notifications.kinds import KINDS

    settings.NOTIFICATION_KINDS = {**settings.NOTIFICATION_KINDS, **KINDS}
    print("sweeping", flush=True)
    while Notification.objects.unfinished().exists():
        outbox.deliver(now=NOW, worker=name)
        time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1])
