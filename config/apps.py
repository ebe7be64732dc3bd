from django.apps import AppConfig


class SoundingsConfig(AppConfig):
    name = "config"
    verbose_name = "Soundings"
