from django.urls import URLPattern, path

from accounts import token_views, views

app_name = "accounts"

urlpatterns: list[URLPattern] = [
    path("organisation/", views.my_organisations, name="organisation"),
    path("organisation/new/", views.create_organisation, name="create_organisation"),
    path("organisation/<str:code>/", views.organisation, name="organisation_detail"),
    path("organisation/<str:code>/edit/", views.edit_organisation, name="edit_organisation"),
    path("organisation/<str:code>/invite/", views.invite, name="invite"),
    path("organisation/<str:code>/leave/", views.leave, name="leave"),
    path("organisation/<str:code>/members/<int:pk>/role/", views.change_role, name="change_role"),
    path("organisation/<str:code>/members/<int:pk>/remove/", views.remove_member, name="remove_member"),
    path(
        "organisation/<str:code>/invitations/<str:invitation>/revoke/",
        views.revoke_invitation,
        name="revoke_invitation",
    ),
    path("invitations/<str:token>/", views.accept_invitation, name="accept_invitation"),
    path("tokens/", token_views.list_tokens, name="tokens"),
    path("tokens/new/", token_views.create_token, name="create_token"),
    path("tokens/<str:prefix>/revoke/", token_views.revoke_token, name="revoke_token"),
    path("profile/", views.profile, name="profile"),
]
