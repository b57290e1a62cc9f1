"""Declared state: how an instance begins, how it is copied, and how it is kept in a snapshot, by type and value."""

import dataclasses
from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from operator import is_
from typing import Any
from uuid import UUID

import msgspec

from eventfold.errors import DefinitionError


class DeclaredState:
    """The declared attributes of an aggregate class.

    Args:
        defaults: name -> the value before the first event.
    """

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        self.defaults = defaults
        # what a copy gives back as itself cannot change and may stay on the class
        self._mutable = {name: value for name, value in defaults.items() if deepcopy(value) is not value}

    def begin(self, attributes: dict[str, Any]) -> None:
        """Gives an instance its own mutable defaults."""
        for name, value in self._mutable.items():
            attributes[name] = deepcopy(value)

    def of(self, instance: object) -> dict[str, Any]:
        """The values of an instance."""
        return {name: getattr(instance, name) for name in self.defaults}

    def copy(self, instance: object) -> dict[str, Any]:
        """The values of an instance, sharing nothing with it."""
        return deepcopy(self.of(instance))

    def undeclared(self, instance: object) -> list[str]:
        """Attributes of an instance that no snapshot would keep."""
        return sorted(vars(instance).keys() - self.defaults.keys())


class StateCodec:
    """The JSON form of declared state.

    Args:
        name: of the aggregate class.
        hints: name -> type.
        defaults: name -> the value before the first event.

    Raises:
        DefinitionError: a type that JSON cannot carry there and back.
    """

    def __init__(self, name: str, hints: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        try:
            self._struct = msgspec.defstruct(
                f"{name}State", list(hints.items()), kw_only=True, forbid_unknown_fields=True
            )
            self._decode = msgspec.json.Decoder(self._struct).decode
            schema = msgspec.json.schema(self._struct)
        except (TypeError, ValueError, RuntimeError) as error:
            raise DefinitionError(f"{name}: its state cannot be kept in a snapshot: {error}") from error
        self._encode = msgspec.json.Encoder().encode
        try:
            initial = self.encode(defaults)
        except ValueError as error:
            raise DefinitionError(
                f"{name}: the defaults of its state do not have its types: {error}"
            ) from error
        self.description: list[object] = [_without_prose(schema), initial]
        """All that a stored state depends on: a changed default gives old events another meaning too."""

    def encode(self, values: Mapping[str, Any]) -> str:
        """The state as JSON text.

        Raises:
            ValueError: it would not come back equal, type by type.
        """
        try:
            text = self._encode(self._struct(**values)).decode()
            back = self.decode(text)
        except (TypeError, msgspec.MsgspecError, UnicodeEncodeError) as error:
            raise ValueError(str(error)) from error
        for name, value in values.items():
            if not same(back[name], value):
                raise ValueError(f"{name} = {value!r:.80} would come back as {back[name]!r:.80}")
        return text

    def decode(self, text: str) -> dict[str, Any]:
        """The values out of JSON text.

        Raises:
            ValueError: it is no such state.
        """
        try:
            return msgspec.structs.asdict(self._decode(text))
        except RecursionError as error:
            raise ValueError(str(error)) from None


_UNCHANGING = frozenset(
    {str, int, float, bool, bytes, type(None), Decimal, datetime, date, time, timedelta, UUID, frozenset}
)


def copied(value: Any) -> Any:
    """A copy that shares nothing that can change; quick for what states are made of, `deepcopy` for the rest."""
    kind = type(value)
    if kind in _UNCHANGING:
        return value
    if kind is dict:
        return {key: copied(item) for key, item in value.items()}
    if kind is list:
        return [copied(item) for item in value]
    if kind is set:
        return set(value)
    if kind is tuple:
        items = tuple([copied(item) for item in value])
        return value if all(map(is_, items, value)) else items
    if isinstance(value, msgspec.Struct) and value.__struct_config__.frozen:
        fields = [getattr(value, name) for name in value.__struct_fields__]
        if all(copied(field) is field for field in fields):
            return value
    return deepcopy(value)


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal in every type as well: 1, True and Decimal(1) are three values."""
    if type(a) is not type(b):
        return False
    match a:
        case list() | tuple():
            return len(a) == len(b) and all(map(same, a, b))
        case dict():
            return len(a) == len(b) and all(map(same, a.items(), b.items()))
        case msgspec.Struct():
            return all(same(getattr(a, name), getattr(b, name)) for name in a.__struct_fields__)
        case _ if dataclasses.is_dataclass(a):
            return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
        case _:
            return bool(a == b)


def _without_prose(schema: Any) -> Any:
    """A JSON schema without docstrings, which change more often than meaning does."""
    if isinstance(schema, dict):
        return {key: _without_prose(value) for key, value in schema.items() if key != "description"}
    if isinstance(schema, list):
        return [_without_prose(item) for item in schema]
    return schema
