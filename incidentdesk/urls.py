"""Every address of the desk."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from cases.access import arrivals
from cases.intake import door, figures, metrics, webhook
from incidentdesk import (
    acknowledge,
    calendars,
    first,
    gauges,
    health,
    home,
    joining,
    mail_hooks,
    reached,
    reporting,
)

handler500 = "incidentdesk.unwell.page"

intake = [
    path("cloudevents", webhook.take_cloudevents),
    path("sns", webhook.take_sns),
    path("heartbeat", webhook.beat),
    path("heartbeat/<slug:call>", webhook.beat),
    path("metrics", door.of("metrics", metrics.parse, figures.store)),
    path("access", door.of("access", arrivals.parse, arrivals.store)),
    path("<slug:source_format>", webhook.intake),
]
urlpatterns = [
    path("intake/<str:key>/", include(intake)),  # first: nothing else is asked for so often
    path("", home.home, name="home"),
    path("admin/trends/", include("reviews.admin.trends")),
    path("admin/", admin.site.urls),
    path("accounts/partner/", home.choose_partner, name="choose_partner"),
    path("accounts/view-as/<slug:code>/", home.view_as, name="view_as"),
    path("accounts/first/<str:token>/", first.page, name="first"),
    path("accounts/invitation/<str:secret>/", joining.page, name="invitation"),
    path("accounts/", include("incidentdesk.logins")),
    path("portal/", include("partners.portal.urls")),
    path("report/", reporting.page, name="report"),
    path("ack/<str:token>/", acknowledge.page, name="acknowledge"),
    path("oncall/<str:token>.ics", calendars.page, name="oncall_calendar"),
    path("reached/<str:token>/", reached.page, name="reached"),
    path("api/", include("incidentdesk.api.urls")),
    path("heartbeat/<str:key>", webhook.beat),
    path("heartbeat/<str:key>/<slug:call>", webhook.beat),
    path("hooks/mail/<slug:provider>/<str:secret>/", mail_hooks.take, name="mail_hook"),
    path("v2/enqueue", webhook.enqueue),
    path("v2/alerts", webhook.alert_opsgenie),
    path("v2/alerts/<path:alias>/close", webhook.alert_opsgenie, {"action": "close"}),
    path("v2/alerts/<path:alias>/acknowledge", webhook.alert_opsgenie, {"action": "acknowledge"}),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", gauges.page),
    path("favicon.ico", RedirectView.as_view(url="/static/favicon.svg")),
]
