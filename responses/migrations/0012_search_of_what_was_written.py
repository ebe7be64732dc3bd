"""What a firm filed and drafts can be searched by it."""

import django.db.models.deletion
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models
from django.db.models.functions import Left


class Migration(migrations.Migration):
    dependencies = [("responses", "0012_working_together")]

    operations = [
        migrations.CreateModel(
            name="FiledText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("question", models.CharField(blank=True, max_length=10, verbose_name="question")),
                ("search", SearchVectorField(editable=False, null=True)),
                (
                    "submission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="filed_texts",
                        to="responses.submission",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("submission"), models.F("question"), name="filed_text_once")
                ],
                "indexes": [GinIndex(models.F("search"), name="filed_text_search")],
            },
        ),
        migrations.AddIndex(
            model_name="answer",
            index=GinIndex(SearchVector(Left("text", 80_000), config="english"), name="answer_words"),
        ),
    ]
