"""Fewer indexes: planning writes a hundred thousand rows into each."""

import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0004_kept'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='notification',
            name='notification_state',
        ),
        migrations.AlterField(
            model_name='notification',
            name='key',
            field=models.CharField(max_length=200, verbose_name='unique key'),
        ),
        migrations.AlterField(
            model_name='notification',
            name='reference',
            field=models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='reference'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(models.F('state'), models.F('id'), condition=models.Q(('state__in', ['claimed', 'sending', 'skipped', 'failed'])), name='notification_few'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(fields=('key',), name='notification_key'),
        ),
    ]
