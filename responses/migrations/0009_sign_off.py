import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("responses", "0008_files_scanned_and_read"),
        ("accounts", "0009_sign_off"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SignOff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content", models.JSONField(verbose_name="content")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the content")),
                ("at", models.DateTimeField(verbose_name="signed at")),
                ("note", models.TextField(blank=True, verbose_name="note")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "response",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sign_offs",
                        to="responses.response",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(models.F("response"), models.F("sha256"), name="sign_off_of_content")],
            },
        ),
        migrations.AddField(
            model_name="submission",
            name="signed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="signed_at",
            field=models.DateTimeField(null=True, verbose_name="signed off at"),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER responses_signoff_append_only BEFORE UPDATE OR DELETE ON responses_signoff "
            "FOR EACH ROW EXECUTE FUNCTION soundings_refuse_change();",
            "DROP TRIGGER responses_signoff_append_only ON responses_signoff;",
        ),
    ]
