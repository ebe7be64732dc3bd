"""Where consultations are found, read and followed."""

from django.urls import path

from consultations import subscribing, views
from consultations.unsubscribing import unsubscribe

app_name = "consultations"

urlpatterns = [
    path("", views.find, name="list"),
    path("consultations/<slug:code>/", views.detail, name="detail"),
    path("consultations/<slug:code>/deadlines.ics", subscribing.of_consultation, name="calendar"),
    path("feeds/", subscribing.listing, name="feeds"),
    path("feeds/deadlines.ics", subscribing.deadlines, name="feed_deadlines"),
    *(
        path(f"feeds/{what}.{form}", subscribing.feed, {"what": what, "form": form}, name=f"feed_{what}_{form}")
        for what in subscribing.TITLES
        for form in subscribing.WRITERS
    ),
    path("documents/<slug:code>/", views.document, name="document"),
    path("alerts/", views.following, name="following"),
    path("alerts/reminders/", views.alerts, name="alerts"),
    path("follow/", views.follow, name="follow"),
    path("unfollow/", views.unfollow, name="unfollow"),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
]
