"""Every route, room by room."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import TemplateView

from config import health, metrics
from notifications import post_events
from responses.views import checking

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("health/post", health.post, name="health_post"),
    path("health/metrics", metrics.metrics, name="health_metrics"),
    path("anymail/<str:service>/tracking/", post_events.tracking, name="post_events"),
    path(".well-known/soundings-receipt-keys.json", checking.keys_json, name="receipt_keys"),
    path("api/", include("config.api")),
    path("admin/", include("config.previews")),
    path("admin/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("responses/", include("responses.urls")),
    path("", include("consultations.urls")),
    path(
        "accessibility/", TemplateView.as_view(template_name="consultations/accessibility.html"), name="accessibility"
    ),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.page_not_found"
handler500 = "config.errors.server_error"
