"""The JSON Schema of a scenario, for editors."""

from __future__ import annotations

from typing import Any

from warmup.scenario import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario file, keys as they are written in TOML.

    It knows values and keys, the pre-flight items included; that names and dates fit each other only
    :func:`~warmup.scenario_file.load_scenario` can tell. An editor uses it when the file begins with
    ``#:schema scenario.schema.json``.
    """
    from warmup.planner.preflight import preflight_keys, preflight_texts

    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    preflight = schema["properties"]["preflight"]
    value = preflight.pop("additionalProperties")
    texts = preflight_texts()
    preflight["properties"] = {key: {**value, "description": texts[key]} for key in preflight_keys()}
    preflight["additionalProperties"] = False
    return {"$schema": DIALECT, **_without_null(schema), "title": "Scenario of an IP migration"}


def _without_null(schema: Any) -> Any:
    """Leave out ``null``, which TOML cannot write, and titles that only repeat the key."""
    if isinstance(schema, list):
        return [_without_null(one) for one in schema if one != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    out = {key: _without_null(value) for key, value in schema.items() if not _noise(key, value)}
    kinds = out.get("anyOf")
    if isinstance(kinds, list) and len(kinds) == 1:
        del out["anyOf"]
        out = {**kinds[0], **out}
    return out


def _noise(key: str, value: Any) -> bool:
    return (key == "default" and value is None) or (key == "title" and isinstance(value, str))
