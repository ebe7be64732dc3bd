"""Receipts are signed from now on and chained; those made before stay unsigned, and are chained too."""

import django.db.models.deletion
from django.db import migrations, models


def append_only(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION soundings_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("responses", "0009_sign_off")]

    operations = [
        migrations.AddField(
            model_name="receipt",
            name="payload",
            field=models.JSONField(editable=False, null=True, verbose_name="what is signed"),
        ),
        migrations.AddField(
            model_name="receipt",
            name="nonces",
            field=models.JSONField(default=dict, editable=False, verbose_name="nonces"),
        ),
        migrations.AddField(
            model_name="receipt",
            name="signature",
            field=models.CharField(blank=True, editable=False, max_length=100, verbose_name="signature"),
        ),
        migrations.AddField(
            model_name="receipt",
            name="key_id",
            field=models.CharField(blank=True, editable=False, max_length=16, verbose_name="key"),
        ),
        migrations.CreateModel(
            name="ReceiptKey",
            fields=[
                ("key_id", models.CharField(max_length=16, primary_key=True, serialize=False, verbose_name="key")),
                ("public_key", models.CharField(max_length=60, verbose_name="public key")),
                ("first_used_at", models.DateTimeField(verbose_name="first used at")),
            ],
            options={"ordering": ["-first_used_at"]},
        ),
        migrations.CreateModel(
            name="ReceiptHead",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False, verbose_name="day")),
                ("number", models.BigIntegerField(verbose_name="number of the last link")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
            ],
            options={"ordering": ["-day"]},
        ),
        migrations.CreateModel(
            name="ReceiptSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="number")),
                ("leaf", models.CharField(max_length=64, verbose_name="SHA-256 of what is signed")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("sealed_at", models.DateTimeField(verbose_name="sealed at")),
                (
                    "receipt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="seal", to="responses.receipt"
                    ),
                ),
            ],
        ),
        *(append_only(f"responses_{name}") for name in ("receiptkey", "receipthead", "receiptseal")),
    ]
