"""What the models say about each value, in the words of somebody who has never heard of pydantic."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from warmup.scenario import CeilingSetting, DateRange, Peak, Pool, Scenario, SendWindow
from warmup.scenario_file.flaws import Flaw, Path, meant
from warmup.scenario_types import TAGS, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_ADD: Mapping[Path, str] = {
    ("pools",): 'add a table [[pools]] with name = "marketing" and ip_count = 1',
    ("streams",): 'add a table [[streams]] with name = "newsletter"',
}
"""How to mend what is missing, where one example value would not say it."""

_TOGETHER: Mapping[type[BaseModel], frozenset[str]] = {
    Pool: frozenset({"ips", "ip_count"}),
    Peak: frozenset({"factor", "messages"}),
    CeilingSetting: frozenset({"daily", "hourly", "for_sending_days", "permanent"}),
    SendWindow: frozenset({"from", "to"}),
    DateRange: frozenset({"from", "to"}),
}
"""Keys that a rule of their table compares: while one of them is wrong, the rule has nothing to say."""

_MISSING, _NO_KEY = "is missing", "there is no such key here"
_COLLECTIONS = ("list_type", "model_type", "dict_type", "model_attributes_type")


def parse(raw: dict[str, Any]) -> tuple[Scenario | None, list[Flaw]]:
    """Check every value of a parsed file on its own.

    Returns:
        The scenario, or None; and what is wrong. A rule of a whole table (``ips`` *or* ``ip_count``) is checked even if
        another key of that table is wrong: the values found wrong are taken out and the rest is checked again.
    """
    found: dict[Flaw, None] = {}
    rest = deepcopy(raw)
    if rest.pop("base_dir", None) is not None:  # a field of the model, but no key of the file
        found[Flaw(("base_dir",), _NO_KEY, meant("base_dir", _allowed(()), others="keys allowed here"))] = None
    while True:
        try:
            scenario = Scenario.model_validate(rest)
        except ValidationError as error:
            details = error.errors(include_url=False)
        else:
            return (None if found else scenario), list(found)
        places = [_place(detail["loc"], rest) for detail in details]
        known = {flaw.path for flaw in found}
        for detail, path in zip(details, places, strict=True):
            if not _echo(detail, path, raw, known):
                found[Flaw(path, *_words(detail, path))] = None
        if not _take_out(places, rest):
            return None, list(_without_misspelt(found, raw))


def _echo(detail: ErrorDetails, path: Path, raw: dict[str, Any], known: set[Path]) -> bool:
    """Whether an error only says that a wrong value was taken out."""
    if detail["type"] == "missing":
        return _get(raw, path) is not None
    keys = _TOGETHER.get(_model_at(path)) if isinstance(_get(raw, path), dict) else None
    return keys is not None and any(here[:-1] == path and here[-1] in keys for here in _tables(known, path))


def _tables(known: set[Path], table: Path) -> Iterator[Path]:
    """Known flaws inside a table, cut to the table's own key."""
    return (path[: len(table) + 1] for path in known if path[: len(table)] == table and len(path) > len(table))


def _without_misspelt(found: Iterable[Flaw], raw: dict[str, Any]) -> Iterator[Flaw]:
    """Leave out "x is missing" where the same table has a key that was probably meant to be x."""
    found = list(found)
    meant_here = {(flaw.path[:-1], flaw.fix) for flaw in found if flaw.what == _NO_KEY}
    for flaw in found:
        if flaw.what == _MISSING and (flaw.path[:-1], f'did you mean "{flaw.path[-1]}"?') in meant_here:
            continue
        rule = isinstance(_get(raw, flaw.path), dict) and _TOGETHER.get(_model_at(flaw.path))
        if rule and any((flaw.path, f'did you mean "{key}"?') in meant_here for key in rule):
            continue
        yield flaw


def _words(detail: ErrorDetails, path: Path) -> tuple[str, str]:
    """What is wrong and what to do about it."""
    kind, value = detail["type"], detail["input"]
    if kind == "missing":
        return _MISSING, _how_to_add(path)
    if kind == "extra_forbidden":
        return _NO_KEY, meant(path[-1], _allowed(path[:-1]), others="keys allowed here")
    if kind == "value_error":
        what, _, fix = str(detail["ctx"]["error"]).partition("; ")
        return what, fix
    if kind in _COLLECTIONS:
        return _collection(kind, value, path)
    if kind in _PHRASES:
        return _PHRASES[kind](detail, value), ""
    return f"cannot be used: {detail['msg']} (found {shown(value)})", ""


def _choice(detail: ErrorDetails, value: Any) -> str:
    allowed = detail["ctx"]["expected"].replace("'", '"').replace("False", "false")
    return f"must be {allowed}, not {shown(value)}"


def _limit(words: str, key: str) -> Callable[[ErrorDetails, Any], str]:
    return lambda detail, value: f"must be {words} {detail['ctx'][key]:,}, not {shown(value)}"


_PHRASES: Mapping[str, Callable[[ErrorDetails, Any], str]] = {
    "string_type": lambda _, value: f"must be text in quotes, not {shown(value)}",
    "string_too_short": lambda *_: "must not be empty",
    "string_too_long": lambda detail, _: f"is longer than {detail['ctx']['max_length']} characters",
    "string_pattern_mismatch": lambda _, value: f"must be two capital letters such as DE, not {shown(value)}",
    "too_short": lambda *_: "must not be empty",
    "int_type": lambda _, value: f"must be a whole number, not {shown(value)}",
    "int_from_float": lambda _, value: f"must be a whole number, not {shown(value)}",
    "int_parsing_size": lambda _, value: f"is too large: {shown(value)}",
    "float_type": lambda _, value: f"must be a number, not {shown(value)}",
    "finite_number": lambda _, value: f"must be a finite number, not {shown(value)}",
    "bool_type": lambda _, value: f"must be true or false without quotes, not {shown(value)}",
    "literal_error": _choice,
    "greater_than": _limit("more than", "gt"),
    "greater_than_equal": _limit("at least", "ge"),
    "less_than": _limit("less than", "lt"),
    "less_than_equal": _limit("at most", "le"),
}


def _collection(kind: str, value: Any, path: Path) -> tuple[str, str]:
    """A list where a table is meant, or the other way round: in TOML one pair of brackets too many or too few."""
    name = path[-1] if path else ""
    if kind == "list_type":
        fix = f"write [[{name}]] with two brackets" if isinstance(value, dict) else "write it in [ ]"
        return f"must be a list, not {shown(value)}", fix
    fix = f"write [{name}] with one bracket" if isinstance(value, list) and isinstance(name, str) else ""
    return f"must be a table of keys, not {shown(value)}", fix


def _how_to_add(path: Path) -> str:
    if path in _ADD:
        return _ADD[path]
    model = _model_at(path[:-1])
    field = _fields(model).get(str(path[-1]))
    if field is None or not field.examples:
        return f"add {path[-1]}"
    example = field.examples[0]
    is_date = len(example) == 10 and example[4] == "-"
    return f"add {path[-1]} = " + (example if is_date else f'"{example}"')


def _allowed(path: Path) -> list[str]:
    return list(_fields(_model_at(path)))


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Keys of a table as they are written in TOML."""
    return {field.alias or name: field for name, field in model.model_fields.items() if not field.exclude}


def _model_at(path: Path) -> type[BaseModel]:
    """The model of the table at a place."""
    model: type[BaseModel] = Scenario
    for step in path:
        field = _fields(model).get(step) if isinstance(step, str) else None
        if field is not None:  # else a list position, or a key the customer chose (a provider under `ceilings`)
            model = next(_models(field.annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _place(loc: Iterable[str | int], raw: dict[str, Any]) -> Path:
    """Where an error lies in the file: without pydantic's marks, and no deeper than what is written there.

    A plain ``history = "a.csv"`` is checked as ``history[0].path``, but its place is ``history``.
    """
    path: list[str | int] = []
    here: Any = raw
    for step in loc:
        if step in TAGS and not (isinstance(here, dict) and step in here):
            continue
        if isinstance(here, dict) and isinstance(step, str):
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int):
            here = here[step]
        elif isinstance(here, dict) or here is None:
            continue
        else:
            break
        path.append(step)
    return tuple(path)


def _get(raw: Any, path: Path) -> Any:
    for step in path:
        if isinstance(raw, dict):
            raw = raw.get(step)
        elif isinstance(raw, list) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
        else:
            return None
    return raw


def _take_out(places: Iterable[Path], raw: dict[str, Any]) -> bool:
    """Remove values from their tables (list elements are left: others are counted from the front).

    Returns:
        Whether anything was removed, so that checking again may find more.
    """
    changed = False
    for path in dict.fromkeys(places):
        table = _get(raw, path[:-1])
        if path and isinstance(table, dict) and path[-1] in table:
            del table[path[-1]]
            changed = True
    return changed
