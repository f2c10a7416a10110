"""What kind of incident it is. Five are shipped; an administrator adds more."""

from __future__ import annotations

from django.db import models

from incidentdesk.kernel.history import tracked


@tracked(name="name")
class Category(models.Model):
    """A category of incident; its playbook has versions."""

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=100)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("position", "name")
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name
