"""Soundings as it is served, and beside it the two smallest views there can be: what everything is measured against."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

application = get_wsgi_application()


def one_select(_: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM accounts_organisation ORDER BY id LIMIT 1")
        return HttpResponse(str(cursor.fetchone()))


@csrf_exempt
def one_insert(_: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_insert (at) VALUES (clock_timestamp())")
    return HttpResponse("ok")


def add_baselines() -> None:
    from config import urls

    urls.urlpatterns[:0] = [path("bench/select", one_select), path("bench/insert", one_insert)]


add_baselines()
