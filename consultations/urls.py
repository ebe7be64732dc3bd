"""Where consultations are found, read and followed."""

from django.urls import path

from consultations import by_email, choosing, choosing_rhythms, subscribing, views
from consultations.unsubscribing import end_digests, unsubscribe

app_name = "consultations"

urlpatterns = [
    path("", views.find, name="list"),
    path("consultations/<slug:code>/", views.detail, name="detail"),
    path("consultations/<slug:code>/deadlines.ics", subscribing.of_consultation, name="calendar"),
    path("consultations/<slug:code>/follow-for/", choosing.follow_for, name="follow_for"),
    path("feeds/", subscribing.listing, name="feeds"),
    path("feeds/deadlines.ics", subscribing.deadlines, name="feed_deadlines"),
    *(
        path(f"feeds/{what}.{form}", subscribing.feed, {"what": what, "form": form}, name=f"feed_{what}_{form}")
        for what in subscribing.TITLES
        for form in subscribing.WRITERS
    ),
    path("documents/<slug:code>/", views.document, name="document"),
    path("alerts/", choosing.following, name="following"),
    path("alerts/reminders/", choosing.alerts, name="alerts"),
    path("alerts/searches/new/", choosing.save_search, name="save_search"),
    path("alerts/follows/<int:pk>/", choosing.one_follow, name="one_follow"),
    path("alerts/follows/<int:pk>/remove/", choosing.remove_follow, name="remove_follow"),
    path("alerts/rhythm/", choosing_rhythms.choose_rhythm, name="choose_rhythm"),
    path("alerts/by-email/", by_email.follow_by_email, name="follow_by_email"),
    path("alerts/by-email/asked/", by_email.follow_asked, name="follow_asked"),
    path("alerts/confirm/<str:token>/", by_email.confirm_follow, name="confirm_follow"),
    path("alerts/manage/<str:token>/", by_email.manage, name="manage"),
    path("follow/", choosing.follow, name="follow"),
    path("unfollow/", choosing.unfollow, name="unfollow"),
    path("unsubscribe/digests/<str:token>/", end_digests, name="end_digests"),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
]
