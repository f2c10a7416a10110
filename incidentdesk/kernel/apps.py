"""The kernel's app."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "incidentdesk.kernel"
    label = "kernel"
    verbose_name = "People and access"
