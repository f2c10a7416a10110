"""What a migration's step needs of the models before and after it, and no more.

After each step Django makes anew every model that hangs together with the one that changed. Here
all models do, through people and incidents, so that nearly all of the time of `migrate` went into
making classes that nobody looks at: a minute of it on an empty database, and ten seconds without.

Only an empty database is made in this way; where there are data, `migrate` goes Django's own.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ProjectState

_clone = ProjectState.clone
_REPLACED = ("clone", "reload_model", "reload_models")


@contextmanager
def of_what_changed() -> Iterator[None]:
    """Within it, a step makes anew the one model that it changes.

    Others that point at it keep the class of before. The state says so by `is_delayed`, on which
    Django makes all of them anew for a step that is code and may look at any; and so do we where
    others have to change along.
    """
    theirs: Any = ProjectState
    before = {name: getattr(theirs, name) for name in _REPLACED}
    theirs.clone, theirs.reload_model, theirs.reload_models = _cloned, _reload_model, _reload_models
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(theirs, name, function)


def _cloned(state: Any) -> Any:
    """A copy, which the state remembers: what was before the step that comes."""
    copy = _clone(state)
    state.before = weakref.ref(copy)
    return copy


def _reload_model(state: Any, app_label: str, model_name: str, delay: bool = False) -> None:
    if "apps" not in state.__dict__:
        return
    if delay or _only_grew(state, app_label, model_name):
        state.is_delayed = True
        state._reload({(app_label, model_name)})
    else:
        _reload_models(state, [])


def _reload_models(state: Any, models: Iterable[Any], delay: bool = True) -> None:
    """All are made anew when they are next asked for, and those of before the step as well."""
    before = getattr(state, "before", lambda: None)()
    for one in filter(None, (state, before)):
        one.__dict__.pop("apps", None)


def _only_grew(state: Any, app_label: str, model_name: str) -> bool:
    """Whether the model, or a field of it, is new, so that nothing points at it yet."""
    known = state.apps.all_models.get(app_label, {}).get(model_name)
    if known is None:
        return True
    had = {field.name for field in (*known._meta.local_fields, *known._meta.local_many_to_many)}
    return had < set(state.models[app_label, model_name].fields)
