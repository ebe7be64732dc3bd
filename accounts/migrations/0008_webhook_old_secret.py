from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_rhythm_never")]

    operations = [
        migrations.AddField(
            "webhook", "old_nonce", models.UUIDField(editable=False, null=True, verbose_name="nonce before")
        ),
        migrations.AddField(
            "webhook",
            "old_until",
            models.DateTimeField(editable=False, null=True, verbose_name="signed with the secret before as well until"),
        ),
        migrations.AddIndex(
            "webhookdelivery", models.Index("state", models.F("id").desc(), name="webhook_delivery_state")
        ),
    ]
