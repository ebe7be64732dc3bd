from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and organisations"

    def ready(self) -> None:
        from accounts import groups, signing_in

        post_migrate.connect(groups.ensure, dispatch_uid="accounts.groups")
        signing_in.connect()
