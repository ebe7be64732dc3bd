from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_lead_times_from_days'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='user',
            name='lead_days',
        ),
    ]
