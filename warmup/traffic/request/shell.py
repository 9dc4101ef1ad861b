"""Calls as somebody types them: curl and the AWS command line, quoted so that nothing but ``${NAME}`` is expanded."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

_WIDTH = 72
"""Columns of a call: it stands indented in a text of 80."""
_VARIABLE = re.compile(r"\$\{[A-Z_]+\}")


def curl(http: Mapping[str, Any], save: str) -> str:
    """A curl command.

    Args:
        http: ``method``, ``url``, ``headers``, ``user``, ``query``, ``body``, all filled in.
        save: File for the answer.
    """
    before: list[str] = []
    query: Mapping[str, str | list[str]] = http.get("query") or {}
    parts = [f"curl -sS{' -G' if query else ''} -o {_quote(save)}"]
    if http.get("user"):
        parts.append(f"-u {_quote(http['user'])}")
    parts += [f"-H {_quote(f'{name}: {value}')}" for name, value in (http.get("headers") or {}).items()]
    for name, value in query.items():
        if isinstance(value, list) and len(",".join(value)) > _WIDTH // 2:
            before += _variable(name, value)
            parts.append(f'--data-urlencode "{name}=${name}"')
        else:
            text = ",".join(value) if isinstance(value, list) else value
            # A provider's name stands here, which somebody typed: nothing of it is expanded, not even ${NAME}.
            parts.append(f"--data-urlencode {shlex.quote(f'{name}={text}')}")
    if http.get("body") is not None:
        parts.append('-H "Content-Type: application/json"')
    parts.append(_quote(http["url"]))
    if http.get("body") is not None:
        parts.append(f"--data {shlex.quote(pretty(http['body']))}")
    return "\n".join([*before, " \\\n  ".join(parts)])


def aws(operation: str, body: Mapping[str, Any], save: str) -> str:
    """A command of the AWS command line; its request is kept too, because only there the Ids are explained.

    Args:
        operation: Service and operation.
        body: The request.
        save: File for the answer; ``response`` in its name is ``request`` in that of the request.
    """
    request = save.replace("response", "request")
    written = f"printf '%s\\n' {shlex.quote(pretty(body))} > {_quote(request)}"
    call = f"aws {operation} --output json \\\n  --cli-input-json file://{_quote(request)} \\\n  > {_quote(save)}"
    return f"{written}\n{call}"


def pretty(value: Any, indent: int = 0) -> str:
    """JSON that a person can read: whatever fits stands on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if indent + len(flat) <= _WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    inner, outer = " " * (indent + 2), " " * indent
    if isinstance(value, dict):
        rows = [f"{json.dumps(name, ensure_ascii=False)}: {pretty(item, indent + 2)}" for name, item in value.items()]
        if indent and not any("\n" in row for row in rows):
            rows = _rows(rows, _WIDTH - indent - 2, ", ")
        return "{\n" + ",\n".join(inner + row for row in rows) + f"\n{outer}}}"
    if all(isinstance(item, str) for item in value):
        rows = _rows([json.dumps(item, ensure_ascii=False) for item in value], _WIDTH - indent - 2, ", ")
        return "[\n" + ",\n".join(inner + row for row in rows) + f"\n{outer}]"
    return "[\n" + ",\n".join(inner + pretty(item, indent + 2) for item in value) + f"\n{outer}]"


def _variable(name: str, values: list[str]) -> list[str]:
    """A shell variable that is built up line by line: a list too long for one."""
    rows = _rows(values, _WIDTH - 2 * len(name) - 4, ",")
    return [f"{name}={rows[0]}", *(f"{name}=${name},{row}" for row in rows[1:])]


def _rows(items: list[str], width: int, between: str) -> list[str]:
    rows: list[str] = []
    for item in items:
        if rows and len(rows[-1]) + len(between) + len(item) <= width:
            rows[-1] += f"{between}{item}"
        else:
            rows.append(item)
    return rows


def _quote(text: str) -> str:
    """A shell word in which only ``${NAME}`` is expanded."""
    if not _VARIABLE.search(text):
        return shlex.quote(text)
    kept = _VARIABLE.findall(text)
    rest = [re.sub(r'([\\"`$])', r"\\\1", part) for part in _VARIABLE.split(text)]
    return '"' + "".join(a + b for a, b in zip(rest, [*kept, ""], strict=True)) + '"'
