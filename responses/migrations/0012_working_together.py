import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PERSON = {
    "null": True,
    "on_delete": django.db.models.deletion.SET_NULL,
    "related_name": "+",
    "to": settings.AUTH_USER_MODEL,
}
ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")
QUESTION = {"on_delete": django.db.models.deletion.PROTECT, "related_name": "+", "to": "consultations.question"}


class Migration(migrations.Migration):
    dependencies = [
        ("responses", "0011_erasure"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="QuestionWork",
            fields=[
                ("id", ID),
                ("assigned_at", models.DateTimeField(null=True, verbose_name="assigned at")),
                ("ready_version", models.PositiveIntegerField(null=True, verbose_name="ready in version")),
                ("ready_at", models.DateTimeField(null=True, verbose_name="ready since")),
                ("owner", models.ForeignKey(**PERSON)),
                ("ready_by", models.ForeignKey(**PERSON)),
                ("question", models.ForeignKey(**QUESTION)),
                (
                    "response",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="work", to="responses.response"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("response"), models.F("question"), name="question_work_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("id", ID.clone()),
                ("text", models.TextField(verbose_name="comment")),
                ("at", models.DateTimeField(verbose_name="said at")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled at")),
                ("by", models.ForeignKey(**PERSON)),
                ("settled_by", models.ForeignKey(**PERSON)),
                ("question", models.ForeignKey(**QUESTION)),
                (
                    "response",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="comments", to="responses.response"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(models.F("response"), models.F("question"), name="comment_of_question")],
            },
        ),
    ]
