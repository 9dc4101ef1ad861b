"""A frozen dataclass as JSON, and back to an equal one, by the types its fields declare.

Nothing about the classes is repeated here: a new field of :class:`~warmup.planner.plan.Plan` is stored the day it is
written. What a field does not declare (the entries of ``Plan.control``) keeps its type by a mark.
"""

from __future__ import annotations

import operator
import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
from pydantic import BaseModel

from warmup.planner.storage_tables import (
    decode_float,
    decode_scalar,
    decode_table,
    encode_float,
    encode_scalar,
    encode_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def encode(value: Any, kind: Any) -> Any:
    """A value as JSON values.

    Args:
        value: What to encode.
        kind: Its declared type: a dataclass, a pydantic model, DataFrame, date, tuple, dict, a plain type, a union.

    Raises:
        TypeError: The value is not of that type; a fault of whoever made it.
    """
    origin = get_origin(kind)
    if kind is Any:
        return _encode_any(value)
    if origin in (Union, types.UnionType):
        return None if value is None else encode(value, _not_none(kind))
    if origin is Literal:
        return _member(value, kind)
    if origin is tuple:
        return [encode(one, of) for one, of in zip(value, _parts(kind, len(value)), strict=True)]
    if origin is dict:
        return {_key(key): encode(one, get_args(kind)[1]) for key, one in value.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return {name: encode(getattr(value, name), of) for name, of in hints(kind).items()}
    if issubclass(kind, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    return _PLAIN[kind][0](value)


def decode(data: Any, kind: Any) -> Any:
    """The value that :func:`encode` was given with the same type.

    Raises:
        AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError: The data is damaged.
    """
    origin = get_origin(kind)
    if kind is Any:
        return _decode_any(data)
    if origin in (Union, types.UnionType):
        return None if data is None else decode(data, _not_none(kind))
    if origin is Literal:
        return _member(data, kind)
    if origin is tuple:
        return tuple(decode(one, of) for one, of in zip(_list(data), _parts(kind, len(data)), strict=True))
    if origin is dict:
        return {key: decode(one, get_args(kind)[1]) for key, one in data.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return _decode_dataclass(data, kind)
    if issubclass(kind, BaseModel):
        return kind.model_validate(data)
    return _PLAIN[kind][1](data)


@cache
def hints(kind: Any) -> dict[str, Any]:
    """The resolved types of a dataclass's fields, in order."""
    # What the modules import only for type checkers.
    from warmup.scenario import Scenario
    from warmup.traffic.supply import Note

    resolved = get_type_hints(kind, localns={"pd": pd, "Scenario": Scenario, "Note": Note})
    return {field.name: resolved[field.name] for field in fields(kind)}


def _decode_dataclass(data: Any, kind: Any) -> Any:
    known = hints(kind)
    unknown = set(data) - set(known)
    if unknown:
        raise KeyError(f"unknown field {min(unknown)}")
    optional = {field.name for field in fields(kind) if (field.default, field.default_factory) != (MISSING, MISSING)}
    return kind(**{name: decode(data[name], of) for name, of in known.items() if name in data or name not in optional})


def _encode_any(value: Any) -> Any:
    if isinstance(value, tuple):
        return {"$tuple": [_encode_any(one) for one in value]}
    if isinstance(value, list):
        return [_encode_any(one) for one in value]
    if isinstance(value, dict):
        if any(_key(key).startswith("$") for key in value):
            raise TypeError("keys that begin with $ are marks of the file")
        return {key: _encode_any(one) for key, one in value.items()}
    return encode_scalar(value)


def _decode_any(data: Any) -> Any:
    if isinstance(data, list):
        return [_decode_any(one) for one in data]
    if isinstance(data, dict) and "$tuple" in data:
        return tuple(_decode_any(one) for one in _list(data["$tuple"]))
    if isinstance(data, dict) and not any(key.startswith("$") for key in data):
        return {key: _decode_any(one) for key, one in data.items()}
    return decode_scalar(data)


def _not_none(kind: Any) -> Any:
    (only,) = (of for of in get_args(kind) if of is not type(None))
    return only


def _parts(kind: Any, count: int) -> tuple[Any, ...]:
    of: tuple[Any, ...] = get_args(kind)
    return (of[0],) * count if len(of) == 2 and of[1] is Ellipsis else of


def _member(value: Any, kind: Any) -> Any:
    if value not in get_args(kind):
        raise ValueError(f"{value!r} is none of {get_args(kind)}")
    return value


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{key!r} is no text key")
    return key


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError("a list expected")
    return data


def _whole(value: Any) -> int:
    if isinstance(value, bool | np.bool_):
        raise TypeError("a number expected, not a truth value")
    return operator.index(value)


def _fraction(value: Any) -> Any:
    """A float; an int stays an int, so that 1 does not come back as 1.0."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return encode_float(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{value!r} is not a truth value")
    return bool(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return str(value)


def _date(value: Any) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError(f"{value!r} is not a date")
    return value.isoformat()


def _decode_fraction(value: Any) -> int | float:
    return value if type(value) is int else decode_float(value)


def _decode_whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a whole number")
    return value


_PLAIN: Mapping[Any, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    str: (_text, _text),
    int: (_whole, _decode_whole),
    float: (_fraction, _decode_fraction),
    bool: (_truth, _truth),
    date: (_date, lambda text: date.fromisoformat(_text(text))),
    pd.DataFrame: (encode_table, decode_table),
}
"""Encoder and decoder of each type that is no container."""
