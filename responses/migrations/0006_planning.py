from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('responses', '0005_keep_answer_versions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Planning',
            fields=[
                ('of', models.CharField(max_length=20, primary_key=True, serialize=False, verbose_name='of what')),
                ('until', models.DateTimeField(verbose_name='planned until')),
            ],
        ),
    ]
