from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Post room"

    def ready(self) -> None:
        from notifications import hearing  # noqa: F401 (it listens)
