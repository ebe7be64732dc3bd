from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and organisations"

    def ready(self) -> None:
        from accounts import api_schema, groups, signing_in  # noqa: F401 (the schema's extensions register themselves)

        post_migrate.connect(groups.ensure, dispatch_uid="accounts.groups")
        signing_in.connect()
