from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_webhook_old_secret")]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="sign_off",
            field=models.CharField(
                choices=[
                    ("none", "No: whoever may submit files it"),
                    ("required", "Yes: by somebody with the right to sign off"),
                    ("four_eyes", "Yes: by somebody with that right who wrote none of it"),
                ],
                default="none",
                max_length=10,
                verbose_name="sign-off before filing",
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="may_sign_off",
            field=models.BooleanField(default=False, verbose_name="may sign off"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("sign_off__in", ["none", "required", "four_eyes"])),
                name="organisation_sign_off_known",
            ),
        ),
    ]
