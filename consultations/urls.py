"""Where consultations are found, read and followed."""

from django.urls import path

from consultations import views
from consultations.unsubscribing import unsubscribe

app_name = "consultations"

urlpatterns = [
    path("", views.find, name="list"),
    path("consultations/<slug:code>/", views.detail, name="detail"),
    path("documents/<slug:code>/", views.document, name="document"),
    path("alerts/", views.following, name="following"),
    path("alerts/reminders/", views.alerts, name="alerts"),
    path("follow/", views.follow, name="follow"),
    path("unfollow/", views.unfollow, name="unfollow"),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
]
