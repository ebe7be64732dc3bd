from django.urls import URLPattern, path

from accounts.views import approval, invitations, members, organisations, profile, tokens, webhooks

app_name = "accounts"

urlpatterns: list[URLPattern] = [
    path("organisation/", organisations.my_organisations, name="organisation"),
    path("organisation/new/", organisations.create_organisation, name="create_organisation"),
    path("organisation/<str:code>/", organisations.organisation, name="organisation_detail"),
    path("organisation/<str:code>/edit/", organisations.edit_organisation, name="edit_organisation"),
    path("organisation/<str:code>/invite/", invitations.invite, name="invite"),
    path("organisation/<str:code>/leave/", members.leave, name="leave"),
    path("organisation/<str:code>/members/<int:pk>/role/", members.change_role, name="change_role"),
    path("organisation/<str:code>/sign-off/", approval.sign_off_rule, name="sign_off_rule"),
    path("organisation/<str:code>/members/<int:pk>/sign-off/", approval.may_sign_off, name="may_sign_off"),
    path("organisation/<str:code>/members/<int:pk>/remove/", members.remove_member, name="remove_member"),
    path(
        "organisation/<str:code>/invitations/<str:invitation>/revoke/",
        invitations.revoke_invitation,
        name="revoke_invitation",
    ),
    path("organisation/<str:code>/webhooks/", webhooks.list_webhooks, name="webhooks"),
    path("organisation/<str:code>/webhooks/new/", webhooks.create_webhook, name="create_webhook"),
    path("organisation/<str:code>/webhooks/<str:webhook>/", webhooks.show_webhook, name="webhook"),
    path("organisation/<str:code>/webhooks/<str:webhook>/renew/", webhooks.renew_secret, name="renew_webhook"),
    path("organisation/<str:code>/webhooks/<str:webhook>/secret/", webhooks.show_secret, name="webhook_secret"),
    path("organisation/<str:code>/webhooks/<str:webhook>/remove/", webhooks.remove_webhook, name="remove_webhook"),
    path(
        "organisation/<str:code>/webhooks/<str:webhook>/<uuid:reference>/replay/",
        webhooks.replay_delivery,
        name="replay_delivery",
    ),
    path("invitations/<str:token>/", invitations.accept_invitation, name="accept_invitation"),
    path("tokens/", tokens.list_tokens, name="tokens"),
    path("tokens/new/", tokens.create_token, name="create_token"),
    path("tokens/created/", tokens.show_token, name="token_created"),
    path("tokens/<str:prefix>/revoke/", tokens.revoke_token, name="revoke_token"),
    path("profile/", profile.profile, name="profile"),
]
