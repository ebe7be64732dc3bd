"""Many tables at once: as CreateModel by itself, but rendered once, and in a circle if need be."""

import pytest
from django.db import connection, models
from django.db.migrations import CreateModel
from django.db.migrations.state import ProjectState

from notifications.tables import CreateTables


def model(name: str, of: str) -> CreateModel:
    to = models.ForeignKey(f"notifications.{of}", on_delete=models.CASCADE)
    return CreateModel(name, fields=[("id", models.BigAutoField(primary_key=True)), ("of", to)])


@pytest.mark.django_db
def test_tables_that_refer_to_each_other_come_and_go():
    tables = CreateTables(model("Hen", of="Egg"), model("Egg", of="Hen"))
    without, having = ProjectState(), ProjectState()
    assert having.apps.get_models() == []
    tables.state_forwards("notifications", having)
    assert "apps" not in having.__dict__  # nothing was rendered on the way
    with connection.schema_editor() as editor:
        tables.database_forwards("notifications", editor, without, having)
    assert made() == {"notifications_hen", "notifications_egg"}
    with connection.schema_editor() as editor:
        tables.database_backwards("notifications", editor, having, without)
    assert made() == set()


def made() -> set[str]:
    return {"notifications_hen", "notifications_egg"} & set(connection.introspection.table_names())
