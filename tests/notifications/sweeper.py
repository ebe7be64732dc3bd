"""Workers' sweeps in processes of their own, to be killed: `python -m tests.notifications.sweeper`.

For each line "<name> <seconds of doubt>" a process is forked, whose number is printed. It sweeps until nothing is
unfinished. To load Django once and fork costs a hundredth of loading it for each.
"""

import os
import signal
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()


def sweep(name: str, doubt: int) -> None:
    from django.conf import settings

    from notifications import outbox
    from notifications.models import Notification
    from tests.notifications.conftest import NOW
    from tests.notifications.kinds import KINDS

    settings.NOTIFICATION_KINDS = {**settings.NOTIFICATION_KINDS, **KINDS}
    settings.POST_LEASE_SECONDS, settings.SENDING_DOUBT_SECONDS = 1, doubt
    while Notification.objects.unfinished().exists():
        outbox.deliver(now=NOW, worker=name)
        time.sleep(0.1)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they are not to stay as zombies
    for line in sys.stdin:
        name, doubt = line.split()
        if number := os.fork():
            print(number, flush=True)
            continue
        try:
            sweep(name, int(doubt))
        finally:
            os._exit(0)


if __name__ == "__main__":
    main()
