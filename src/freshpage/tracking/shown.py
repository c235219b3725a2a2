"""Which columns of its rows a page shows.

Django fills a model instance with all the columns it selected; a page shows some of them.
Within a render instances get most of their values only when these are asked for, and what
nobody asked for does not drop the page. An instance's ``__dict__`` is then one that hands
values out on demand, so that whoever looks into it finds all that would be there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import lru_cache, wraps
from typing import Any, NamedTuple

from django.db.models import DEFERRED, Field, Model
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import ModelIterable
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init

from freshpage.tracking.faults import unknown
from freshpage.tracking.published import is_registered
from freshpage.tracking.record import current
from freshpage.tracking.untyped import column_of

# Descriptors that look into an instance's dict, and do nothing else.
_LAZY = (DeferredAttribute, ForeignKeyDeferredAttribute)

Cell = tuple[str, str]  # a table, and a column of it


class Fields(NamedTuple):
    """How a row becomes an instance of a model.

    :param now: the attributes that are set at once, with their places in a row.
    :param later: for the others, the place and the cell.
    :param plain: an instance is made of nothing but its dict.
    """

    now: tuple[tuple[str, int], ...]
    later: dict[str, tuple[int, Cell]]
    plain: bool


def _fields_now(model: type[Model], names: Sequence[str]) -> Fields:
    fields = _fields(model, tuple(names))
    told = pre_init.has_listeners(model) or post_init.has_listeners(model)
    return fields._replace(plain=False) if told else fields


@lru_cache(maxsize=1024)
def _fields(model: type[Model], names: tuple[str, ...]) -> Fields:
    given = [field for field in model._meta.concrete_fields if field.attname in names]
    now, later = [], {}
    for place, field in enumerate(given):
        if is_lazy(model, field):
            cell = (field.model._meta.db_table, column_of(field))
            later[field.attname] = (place, cell)
        else:
            now.append((field.attname, place))
    by_init = model.__init__ is Model.__init__ and _follows_model(model) == _follows_model(Model)
    plain = all(type(getattr(model, name, None)) in _LAZY for name, _ in now)
    return Fields(tuple(now), later, by_init and plain)


def _follows_model(model: type[Model]) -> tuple[type, ...]:
    return model.__mro__[model.__mro__.index(Model) + 1 :]


_showing = threading.Lock()


class Layout:
    """The instances of one model that are made of an answer.

    ``now`` and ``later`` as :class:`Fields` has them, but for what was asked for meanwhile;
    ``waiting``: the attributes nobody asked for yet; ``made``: the instances' dicts.
    """

    __slots__ = ("later", "made", "now", "plain", "shown", "waiting")

    def __init__(self, fields: Fields, shown: set[Cell]) -> None:
        now, self.later, self.plain = fields
        self.now = [*now]
        self.waiting = {*self.later}
        self.made: list[Later] = []
        self.shown = shown

    def show(self, name: str) -> None:
        """Set an attribute that somebody asked for, on all instances; in one thread only."""
        with _showing:
            if name not in self.waiting:
                return
            place, cell = self.later[name]
            self.shown.add(cell)
            self.now.append((name, place))
            for one in self.made:
                dict.setdefault(one, name, one.values_[place])
            self.waiting.remove(name)  # last: who finds it gone finds the value


FEW = 8  # rows of an answer, of which each is noted by itself


class Building:
    """Making the instances of one answer.

    ``shown``: what was asked for, of each row if there are few, else of all of them.

    :param query: that is asked.
    """

    __slots__ = ("_fields", "_layouts", "_row", "lazy", "query", "shown")

    def __init__(self, query: Any) -> None:
        self.query = query
        self.lazy = False
        self.shown: list[set[Cell]] = [set()]
        self._row = 0
        self._fields: dict[type[Model], Fields] = {}
        self._layouts: dict[type[Model], Layout] = {}

    def begin(self, rows: int) -> None:
        """Instances of so many rows will be made."""
        self.lazy = True
        if 1 < rows <= FEW and len(self.shown) == 1:
            self.shown = [set() for _ in range(rows)]

    def next_row(self) -> None:
        """All instances of a row have been made."""
        if self._row + 1 < len(self.shown):
            self._row += 1
            self._layouts.clear()

    def _layout(self, model: type[Model], names: Sequence[str]) -> Layout:
        fields = self._fields.get(model)
        if fields is None:
            fields = self._fields[model] = _fields_now(model, names)
        layout = self._layouts[model] = Layout(fields, self.shown[self._row])
        return layout

    def make(
        self, model: type[Model], using: str, names: Sequence[str], values: Sequence[Any]
    ) -> Model:
        """In place of Model.from_db."""
        layout = self._layouts.get(model) or self._layout(model, names)
        own = Later(values, layout)
        layout.made.append(own)
        made: Model = model.__new__(model)
        object.__setattr__(made, "__dict__", own)
        if layout.plain:
            own["_state"] = state = ModelState()
            for name, place in layout.now:
                own[name] = values[place]
        else:
            now = dict(layout.now)
            fields = model._meta.concrete_fields
            given = [now.get(field.attname, -1) for field in fields]
            initialise: Any = made.__init__  # type: ignore[misc]
            initialise(*(DEFERRED if place < 0 else values[place] for place in given))
            state = made._state
        state.adding = False
        state.db = using
        return made


class _Now(threading.local):
    building: Building | None = None


_now = _Now()


def building_of(query: Any) -> Building | None:
    """The building that a query is asked for, in this thread."""
    building = _now.building
    return building if building is not None and building.query is query else None


def see_instances() -> None:
    """Have Django make instances so, within renders."""
    iterate = ModelIterable.__iter__
    from_db = Model.from_db.__func__  # type: ignore[attr-defined]

    def iterate_seen(self: Any) -> Iterator[Model]:
        if self.chunked_fetch or current() is None:
            return iterate(self)
        building = Building(self.queryset.query)
        outer, _now.building = _now.building, building
        made = []
        try:
            for instance in iterate(self):
                made.append(instance)
                building.next_row()
        finally:
            _now.building = outer
        return iter(made)

    def from_db_seen(
        cls: type[Model], db: str, field_names: Sequence[str], values: Sequence[Any]
    ) -> Model:
        building, record = _now.building, current()
        if building is not None and building.lazy and record is not None:
            try:
                return building.make(cls, db, field_names, values)
            except Exception as fault:
                unknown(record, fault, f"an instance of {cls.__name__}")
        made: Model = from_db(cls, db, field_names, values)
        return made

    refresh = Model.refresh_from_db

    def refresh_seen(self: Model, using: Any = None, fields: Any = None, **options: Any) -> None:
        own = self.__dict__
        if fields is None and isinstance(own, Later):
            own.copy()  # what is still in the row is no longer what the database has
        refresh(self, using, fields, **options)

    _see_attributes()
    Model.refresh_from_db = refresh_seen  # type: ignore[method-assign, assignment]
    ModelIterable.__iter__ = iterate_seen  # type: ignore[method-assign, assignment]
    Model.from_db = classmethod(from_db_seen)  # type: ignore[assignment, method-assign]


def _see_attributes() -> None:
    """Find what is in a row in one step: Django looks whether it is there, and then for it."""
    django: Any = DeferredAttribute
    get = django.__get__

    def get_seen(self: Any, instance: Model | None, cls: Any = None) -> Any:
        own = None if instance is None else instance.__dict__
        if type(own) is Later:
            try:
                return own[self.field.attname]
            except KeyError:  # deferred
                pass
        return get(self, instance, cls)

    django.__get__ = get_seen


def makes_so(model: type[Model]) -> bool:
    """Whether a model's instances are made here: it has no from_db of its own."""
    own: Any = model.from_db
    django: Any = Model.from_db
    return bool(own.__func__ is django.__func__)


def is_lazy(model: type[Model], field: Field[Any, Any]) -> bool:
    """Whether a field's value may wait until it is asked for."""
    if field.primary_key and not is_registered(model._meta.db_table):
        return False  # it never changes; but that of what is published does
    return type(getattr(model, field.attname, None)) in _LAZY


_NOT_THERE = object()


class Later(dict[str, Any]):
    """The ``__dict__`` of an instance, some values of which are still in the row.

    Attribute access finds what is in the dict; for the rest Django's DeferredAttribute
    looks in here. Whatever looks at the dict as a whole gets all of it.
    """

    __slots__ = ("layout_", "values_")

    def __init__(self, values: Sequence[Any], layout: Layout) -> None:
        self.values_ = values
        self.layout_ = layout

    def __missing__(self, name: str) -> Any:
        self.layout_.show(name)
        found = dict.get(self, name, _NOT_THERE)  # not by []: that would ask here again
        if found is _NOT_THERE:
            raise KeyError(name)  # the query deferred it, or it was deleted since
        return found

    def __contains__(self, name: object) -> bool:
        # in this order: another thread may show it meanwhile
        return name in self.layout_.waiting or dict.__contains__(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 (it is what get is)

    def _whole(self) -> Later:
        for name in tuple(self.layout_.waiting):
            self.layout_.show(name)
        return self

    def copy(self) -> dict[str, Any]:
        """A plain dict."""
        return dict(dict.items(self._whole()))

    def __copy__(self) -> dict[str, Any]:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return deepcopy(self.copy(), memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.copy().__reduce_ex__(protocol)


def _on_the_whole(name: str) -> Callable[..., Any]:
    method = getattr(dict, name)

    def on_the_whole(self: Later, *args: Any) -> Any:
        return method(self._whole(), *args)

    return wraps(method)(on_the_whole)


for _name in (
    *("__delitem__", "__eq__", "__iter__", "__len__", "__ne__", "__or__", "__repr__"),
    *("__reversed__", "clear", "items", "keys", "pop", "popitem", "setdefault", "values"),
):
    setattr(Later, _name, _on_the_whole(_name))
