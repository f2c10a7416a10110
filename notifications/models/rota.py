"""Who is on call when: a rota and its layers. What follows from them is arithmetic (`rota`)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from incidentdesk.kernel import zones
from notifications.models.absence import HolidayCalendar


class Weekday(models.IntegerChoices):
    """As Python counts them."""

    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


def require_zone(name: str) -> None:
    """Refuse what is no IANA time zone."""
    if said := zones.wrong(name):
        raise ValidationError(said)


class Rota(models.Model):
    """People who are on call in turn. Its times are on the wall clock of its zone."""

    name = models.CharField(max_length=80, unique=True)
    zone = models.CharField("time zone", max_length=64, default="UTC", validators=[require_zone])
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="rotas_owned",
        help_text="Gets a mail about hours in which nobody is on call.",
    )
    holidays = models.ForeignKey(
        HolidayCalendar, null=True, blank=True, on_delete=models.SET_NULL, related_name="rotas"
    )
    is_active = models.BooleanField("active", default=True)
    gaps_told = models.JSONField(
        default=list,
        editable=False,
        help_text="The gaps that its owner has been told: pairs of times.",
    )

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """Its page at the desk."""
        return f"/admin/notifications/rota/{self.pk}/change/"


class LayerQuerySet(models.QuerySet["Layer"]):
    """Layers, and what they were."""

    def current(self) -> LayerQuerySet:
        """As they are, or are planned to be; not what they were before."""
        return self.filter(version_of=None)

    def planned(self, at: datetime) -> LayerQuerySet:
        """Those of which a change is planned: until it counts, another version is in force."""
        return self.current().filter(since__gt=at, versions__until=F("since"))

    def ahead(self, at: datetime) -> LayerQuerySet:
        """Whatever is in force at that moment or will be."""
        return self.filter(Q(until=None) | Q(until__gt=at))

    def within(self, starts: datetime, ends: datetime) -> LayerQuerySet:
        """Whatever is in force in a part of the span: as they are, and as they were."""
        begun = Q(since=None) | Q(since__lt=ends)
        return self.filter(begun, Q(until=None) | Q(until__gt=starts))


class Layer(models.Model):
    """People of a rota who take turns. The layer with the lowest number comes first; the next one
    is asked where it leaves time open.

    A change takes effect from a moment: what the layer was until then is kept as a row of its own,
    a former version, which is in force from `since` until `until` and is changed no more.
    """

    class Unit(models.TextChoices):
        HOURS = "hours", "hours"
        DAYS = "days", "days"
        WEEKS = "weeks", "weeks"
        FIXED = "fixed", "from a calendar file"

    class Days(models.TextChoices):
        ALL = "all", "every day"
        WORKING = "working", "working days: Monday to Friday, but no holiday"
        HOLIDAYS = "holidays", "holidays only"

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="layers")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(
        "order", default=1, help_text="The lowest comes first; the next fills what it leaves open."
    )
    every = models.PositiveSmallIntegerField(
        "a turn lasts", default=1, validators=[MinValueValidator(1)]
    )
    unit = models.CharField(max_length=8, choices=Unit.choices, default=Unit.WEEKS)
    hands_over_at = models.TimeField("hand-over at", help_text="On the clocks of the rota's zone.")
    weekday = models.PositiveSmallIntegerField(
        "hand-over on",
        choices=Weekday.choices,
        null=True,
        blank=True,
        help_text="For turns of weeks.",
    )
    starts_on = models.DateField(
        "from", help_text="The first person's turn begins at the hand-over of this day."
    )
    ends_on = models.DateField(
        "last day",
        null=True,
        blank=True,
        help_text="It ends at the hand-over of the day after. Empty: it goes on.",
    )
    days = models.CharField("valid on", max_length=8, choices=Days.choices, default=Days.ALL)
    version_of = models.ForeignKey(
        "self",
        null=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="versions",
        help_text="Of a former version: the layer.",
    )
    since = models.DateTimeField(
        null=True, editable=False, help_text="In force from then on; empty: from the beginning."
    )
    until = models.DateTimeField(null=True, editable=False)
    zone = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Of a former version: the rota's then."
    )
    holidays = models.ForeignKey(
        HolidayCalendar,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Of a former version: the rota's then.",
    )

    objects = LayerQuerySet.as_manager()

    class Meta:
        ordering = ("rota", "position", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["rota", "name"],
                name="layer_name_once",
                condition=Q(version_of=None),
                violation_error_message="This rota has a layer of that name; choose another.",
            ),
            models.CheckConstraint(
                name="layer_former_ended",
                condition=Q(version_of=None, until=None, zone="", holidays=None)
                | Q(version_of__isnull=False, until__isnull=False) & ~Q(zone=""),
            ),
            models.CheckConstraint(
                name="layer_in_force_for_a_time",
                condition=Q(since=None) | Q(until=None) | Q(until__gt=F("since")),
            ),
            models.CheckConstraint(
                name="layer_turn_lasts",
                condition=Q(every__gte=1, every__lte=1000),
                violation_error_message="A turn lasts 1 to 1,000 hours, days or weeks.",
            ),
            models.CheckConstraint(
                name="layer_weekday_of_weeks",
                condition=Q(unit="weeks", weekday__isnull=False, weekday__lte=6)
                | (~Q(unit="weeks") & Q(weekday=None)),
                violation_error_message="Turns of weeks need a weekday of the hand-over; other "
                "turns have none.",
            ),
            models.CheckConstraint(
                name="layer_dates",
                condition=Q(starts_on__gte="2000-01-01", starts_on__lt="2200-01-01")
                & (Q(ends_on=None) | Q(ends_on__gte=F("starts_on"), ends_on__lt="2200-01-01")),
                violation_error_message="A layer begins after 1999, and its last day is not before "
                "its first.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_planned(self, at: datetime) -> bool:
        """Whether it is what the layer will be, and not what it is yet."""
        return self.since is not None and self.since > at


class LayerPerson(models.Model):
    """A person's place in the order of a layer."""

    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="places")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="places_on_rotas"
    )
    position = models.PositiveSmallIntegerField("place", default=1)

    class Meta:
        ordering = ("layer", "position", "id")

    def __str__(self) -> str:
        return str(self.person)


class Window(models.Model):
    """Hours of some weekdays in which a layer is valid; with none it is valid at all hours."""

    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="windows")
    weekdays = ArrayField(models.PositiveSmallIntegerField(choices=Weekday.choices))
    starts_at = models.TimeField("from")
    ends_at = models.TimeField(
        "until", help_text="Not later than the beginning: until then on the next day."
    )

    class Meta:
        ordering = ("layer", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="window_has_days",
                condition=Q(weekdays__len__gte=1) & Q(weekdays__contained_by=[0, 1, 2, 3, 4, 5, 6]),
            ),
        ]

    def __str__(self) -> str:
        days = ", ".join(Weekday(number).label[:3] for number in sorted(self.weekdays))
        return f"{days} {self.starts_at:%H:%M} to {self.ends_at:%H:%M}"


class FixedShift(models.Model):
    """One shift of a layer that came from a calendar file."""

    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="shifts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["layer", "ends_at"], name="fixedshift_of_layer"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="fixedshift_ends", condition=Q(ends_at__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.person} from {self.starts_at:%Y-%m-%d %H:%M}"
