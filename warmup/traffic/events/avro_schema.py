"""Schemas of Avro files, checked before anything is decoded with them.

A schema comes with the file, and what decodes with it is compiled code that nothing can interrupt: a record that
contains itself ends the process, a list of values that take no byte never ends. So the schema is walked here, refused
where no export of events has such a thing, and written anew from what was understood, without logical types, whose
conversions fail on values out of range.

Source: Apache Avro 1.12, specification, "Schema Declaration" and "Logical Types".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from warmup.traffic.wording import quote

MAX_NODES, MAX_DEPTH, MAX_NAME = 5_000, 16, 200
"""Of a schema that is read: values in a record, how deep they lie, characters of a name; Braze has some 30 values."""

MAX_FIXED = 16 * 1024 * 1024

_SCALARS = {"boolean": 1, "int": 1, "long": 1, "float": 4, "double": 8, "bytes": 1, "string": 1}
"""Types and the bytes that a value takes at least."""

_NAME = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{MAX_NAME - 1}}}")


class SchemaError(Exception):
    """A schema that is not decoded with; says why."""


@dataclass(frozen=True)
class Schema:
    """A schema that is safe to decode with.

    Attributes:
        decoder: What values are decoded with: a record without names that are referred to and without logical types.
        name: Full name of the record.
        smallest: Bytes that a record takes at least; never 0.
        times: Fields that are moments, and the logical type that says so.
    """

    decoder: dict[str, Any]
    name: str
    smallest: int
    times: Mapping[str, str]


def checked(text: bytes) -> Schema:
    """The schema of a file.

    Args:
        text: Its JSON.

    Raises:
        SchemaError: It is no schema, or no schema of events.
    """
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        raise SchemaError("is not JSON") from None
    if not isinstance(schema, dict) or schema.get("type") not in ("record", "error"):
        raise SchemaError("describes no records")
    decoder, smallest = _Walk().value(schema, "", 0)
    times = {one["name"]: kind for one in schema["fields"] if (kind := _moment(one["type"]))}
    return Schema(decoder, _full_name(schema, ""), smallest, times)


def _moment(schema: Any) -> str | None:
    """The logical type of a field that is a moment, perhaps a missing one."""
    branches = schema if isinstance(schema, list) else [schema]
    kinds = [str(one.get("logicalType")) for one in branches if isinstance(one, dict)]
    return next((kind for kind in kinds if kind == "date" or "timestamp-" in kind), None)


def _full_name(schema: dict[str, Any], namespace: str) -> str:
    name, space = schema.get("name"), schema.get("namespace", namespace)
    if not isinstance(name, str) or not isinstance(space, str) or not name:
        raise SchemaError("has a type without a name")
    return name if "." in name or not space else f"{space}.{name}"


def _is_name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SchemaError(f"has a name that is none: {quote(name)}")
    return name


@dataclass
class _Walk:
    """Goes through a schema and writes it anew; names that are referred to are replaced by what they name."""

    known: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)
    within: list[str] = field(default_factory=list)
    nodes: int = 0

    def value(self, schema: Any, namespace: str, depth: int) -> tuple[Any, int]:
        """A schema written anew, and the bytes that a value takes at least."""
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise SchemaError(f"describes more than {MAX_NODES:,} values or {MAX_DEPTH} levels in a record")
        if isinstance(schema, list):
            return self._union(schema, namespace, depth)
        if isinstance(schema, str):
            if schema == "null" or schema in _SCALARS:
                return schema, _SCALARS.get(schema, 0)
            return self._named(*self._resolve(schema, namespace), depth)
        if not isinstance(schema, dict):
            raise SchemaError(f"has a type that is none: {quote(schema)}")
        kind = schema.get("type")
        if kind in ("record", "error", "enum", "fixed"):
            return self._named(schema, namespace, depth)
        if kind in ("array", "map"):
            key = "items" if kind == "array" else "values"
            return {"type": kind, key: self._listed(schema.get(key), namespace, depth + 1)}, 1
        return self.value(kind, namespace, depth + 1)

    def _union(self, branches: list[Any], namespace: str, depth: int) -> tuple[Any, int]:
        if not branches or any(isinstance(one, list) for one in branches):
            raise SchemaError("has a choice of types that is none")
        return [self.value(one, namespace, depth + 1)[0] for one in branches], 1

    def _listed(self, schema: Any, namespace: str, depth: int) -> Any:
        """What a list or map holds: only values each of which is about as large decoded as it is in the file."""
        anew, _ = self.value(schema, namespace, depth)
        branches = anew if isinstance(anew, list) else [anew, "null"]
        if anew == "null" or not all(one == "null" or one in _SCALARS for one in map(_plain, branches)):
            raise SchemaError("has lists of something else than texts and numbers")
        return anew

    def _resolve(self, name: str, namespace: str) -> tuple[dict[str, Any], str]:
        found = self.known.get(f"{namespace}.{name}" if namespace and "." not in name else name) or self.known.get(name)
        if found is None:
            raise SchemaError(f"has a type that is none: {quote(name)}")
        return found

    def _named(self, schema: dict[str, Any], namespace: str, depth: int) -> tuple[Any, int]:
        name = _full_name(schema, namespace)
        if name in self.within:
            raise SchemaError(f"has a type that contains itself: {quote(name)}")
        self.known[name] = schema, namespace
        kind, anew = schema["type"], f"t{self.nodes}"
        if kind == "fixed":
            size = schema.get("size")
            if not isinstance(size, int) or not 0 <= size <= MAX_FIXED:
                raise SchemaError(f"has a size that is none: {quote(size)}")
            return {"type": "fixed", "name": anew, "size": size}, size
        if kind == "enum":
            symbols = schema.get("symbols")
            if not isinstance(symbols, list) or not symbols or len(set(map(_is_name, symbols))) < len(symbols):
                raise SchemaError("has a list of words that is none")
            return {"type": "enum", "name": anew, "symbols": symbols}, 1
        self.within.append(name)
        fields, sizes = self._fields(schema, name.rpartition(".")[0], depth)
        self.within.pop()
        return {"type": "record", "name": anew, "fields": fields}, sum(sizes)

    def _fields(self, schema: dict[str, Any], namespace: str, depth: int) -> tuple[list[dict[str, Any]], list[int]]:
        fields, sizes = [], []
        given = schema.get("fields")
        for one in given if isinstance(given, list) else []:
            if not isinstance(one, dict) or "type" not in one:
                raise SchemaError("has a field without a type")
            anew, size = self.value(one["type"], namespace, depth + 1)
            fields.append({"name": _is_name(one.get("name")), "type": anew})
            sizes.append(size)
        if len({one["name"] for one in fields}) < len(fields):
            raise SchemaError("has a field twice")
        # What takes no byte takes time: without this, a small file holds records without end.
        if 2 * sum(size > 0 for size in sizes) < max(len(sizes), 1):
            raise SchemaError("has records of which most takes no byte")
        return fields, sizes


def _plain(schema: Any) -> str:
    return schema if isinstance(schema, str) else ""
