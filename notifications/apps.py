from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Post room"

    def ready(self) -> None:
        from notifications import checks, hearing  # noqa: F401 (they register themselves)
