"""A DataFrame as compact JSON, and back to the same DataFrame.

Tables are stored by column. Texts and days repeat, so a column of them is the list of its values and one small integer
per row; integers that come in runs are stored as value and length. What the frame was made of (types, missing values,
index) is kept: nothing downstream can tell a reloaded plan from a fresh one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

Json = dict[str, Any]

_UNITS = {f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns")}
_INTS = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
_FLOATS = {"float32", "float64"}
_TEXTS = {"str", "string"}
_NULLABLE = {"Int8", "Int16", "Int32", "Int64", "boolean"}


def encode_table(frame: pd.DataFrame) -> Json:
    """A frame as JSON values.

    Raises:
        TypeError: Column names are not unique texts, or a column has a type that plans have no use for.
    """
    names = list(frame.columns)
    if len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise TypeError("the columns of a plan's tables have unique text names")
    out: Json = {"rows": len(frame), "columns": {name: encode_column(frame[name]) for name in names}}
    if frame.columns.name is not None:
        out["columns_name"] = frame.columns.name
    index = frame.index
    if not (isinstance(index, pd.RangeIndex) and (index.start, index.step, index.name) == (0, 1, None)):
        out["index"] = {"name": index.name, "column": encode_column(index.to_series())}
    return out


def decode_table(data: Json) -> pd.DataFrame:
    """The frame that :func:`encode_table` was given.

    Raises:
        AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError: The data is damaged.
    """
    rows = _size(data["rows"])
    columns = {name: decode_column(column, rows) for name, column in data["columns"].items()}
    frame = pd.DataFrame(columns) if columns else pd.DataFrame(index=pd.RangeIndex(rows))
    frame.columns.name = data.get("columns_name")
    if "index" in data:
        frame.index = pd.Index(decode_column(data["index"]["column"], rows), name=data["index"]["name"])
    return frame


def encode_column(column: pd.Series[Any]) -> Json:
    """One column: its type, and its values in the shortest of a few forms."""
    kind = str(column.dtype)
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = column.dtype.categories
        words = {"count": len(categories), **encode_column(categories.to_series())}
        return {
            "dtype": "category",
            "ordered": bool(column.dtype.ordered),
            "categories": words,
            "codes": _packed(column.cat.codes.to_numpy()),
        }
    if kind in _UNITS:
        codes, values = pd.factorize(column.to_numpy())
        return {"dtype": kind, "values": _iso(values), "codes": _packed(codes)}
    if kind in _TEXTS:
        codes, found = pd.factorize(column)
        return {"dtype": kind, "values": list(found), "codes": _packed(codes)}
    if kind == "object":
        return {"dtype": kind, **_dictionary(column.tolist())}
    if kind in _INTS or kind == "bool":
        return {"dtype": kind, "ints": _packed(column.to_numpy())}
    if kind in _FLOATS:
        return {"dtype": kind, "floats": [encode_float(value) for value in column.tolist()]}
    if kind in _NULLABLE:
        return {"dtype": kind, "nullable": [None if value is pd.NA else value for value in column.tolist()]}
    raise TypeError(f"a plan's table cannot hold a column of type {kind}")


def decode_column(data: Json, rows: int) -> pd.Series[Any]:
    """The column that :func:`encode_column` was given; raises what :func:`decode_table` raises."""
    kind = data["dtype"]
    if kind == "category":
        words = pd.Index(decode_column(data["categories"], _size(data["categories"]["count"])))
        codes = _codes(data["codes"], rows, len(words))
        dtype = pd.CategoricalDtype(words, ordered=bool(data["ordered"]))
        return pd.Series(pd.Categorical.from_codes(codes.tolist(), dtype=dtype))
    if kind in _UNITS:
        days = np.array([*map(_text, data["values"]), "NaT"], dtype=kind)
        return _series(days[_codes(data["codes"], rows, len(days) - 1)], kind)
    if kind in _TEXTS:
        texts = [*map(_text, data["values"]), None]
        return _series([texts[code] for code in _codes(data["codes"], rows, len(texts) - 1)], kind)
    if kind == "object":
        values = [decode_scalar(value) for value in data["values"]]
        out = np.empty(rows, dtype=object)
        out[:] = [values[code] for code in _codes(data["codes"], rows, len(values), missing=False)]
        return _series(out, object)
    if kind in _INTS or kind == "bool":
        return pd.Series(_unpacked(data["ints"], rows, np.dtype(kind)))
    if kind in _FLOATS:
        return pd.Series(np.array([decode_float(value) for value in _sized(data["floats"], rows)], dtype=kind))
    if kind in _NULLABLE:
        return pd.Series(pd.array(list(_sized(data["nullable"], rows)), dtype=kind))
    raise ValueError(f"unknown column type {kind!r}")


def encode_scalar(value: Any) -> Any:
    """A value whose type nothing declares, so that its type survives: dates and the like are marked.

    Raises:
        TypeError: Plans have no use for such a value.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if value is pd.NA or value is pd.NaT:
        return {"$missing": str(value)}
    if isinstance(value, date) and not isinstance(value, datetime):
        return {"$date": value.isoformat()}
    raise TypeError(f"a plan cannot hold a value of type {type(value).__name__}")


def decode_scalar(value: Any) -> Any:
    """The value that :func:`encode_scalar` was given."""
    if not isinstance(value, Mapping):
        return value
    ((mark, text),) = value.items()
    if mark == "$float":
        return decode_float(text)
    if mark == "$missing":
        return {"<NA>": pd.NA, "NaT": pd.NaT}[text]
    if mark == "$date":
        return date.fromisoformat(text)
    raise ValueError(f"unknown mark {mark!r}")


def encode_float(value: float) -> float | str:
    """A float as JSON can say it: NaN and infinities as text."""
    return value if math.isfinite(value) else str(value)


def decode_float(value: Any) -> float:
    """The float that :func:`encode_float` was given."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{value!r} is not a number")
    if isinstance(value, str) and value not in ("nan", "inf", "-inf"):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def _series(values: Any, dtype: Any) -> pd.Series[Any]:
    out: pd.Series[Any] = pd.Series(values, dtype=dtype)
    return out


def _dictionary(values: Sequence[Any]) -> Json:
    """Values of any kind, each once, and a code per row. 1, 1.0 and True are equal but not the same."""
    codes: dict[tuple[type, Any], int] = {}
    first: list[Any] = []
    out = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        key = (type(value), str(value) if isinstance(value, float) else value)
        if key not in codes:
            codes[key] = len(first)
            first.append(encode_scalar(value))
        out[row] = codes[key]
    return {"values": first, "codes": _packed(out)}


def _iso(values: NDArray[Any]) -> list[str]:
    """Moments as ISO text, days without their midnight."""
    whole = bool((values == values.astype("datetime64[D]")).all())
    return [str(text) for text in np.datetime_as_string(values, unit="D" if whole else None)]


def _packed(values: NDArray[Any]) -> Json | list[int]:
    """Integers as a list, or as runs of value and length where that is shorter."""
    if len(values) == 0:
        return []
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    if 2 * len(starts) >= len(values):
        return [int(value) for value in values.tolist()]
    lengths = np.diff(np.append(starts, len(values)))
    pairs = zip(values[starts].tolist(), lengths.tolist(), strict=True)
    return {"runs": [int(number) for pair in pairs for number in pair]}


def _unpacked(data: Any, rows: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The integers that :func:`_packed` was given."""
    if isinstance(data, Mapping):
        runs = data["runs"]
        lengths = [_size(length) for length in runs[1::2]]
        if sum(lengths) != rows:  # before anything is built: a damaged length must not fill the memory
            raise ValueError("runs do not add up to the rows")
        return np.repeat(_integers(runs[0::2], dtype), lengths)
    return _integers(_sized(data, rows), dtype)


def _integers(values: Sequence[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if not all(type(value) is int for value in values):
        raise TypeError("whole numbers expected")
    if dtype == np.bool_ and not set(values) <= {0, 1}:
        raise ValueError("0 or 1 expected")
    return np.array(values, dtype=dtype)


def _codes(data: Any, rows: int, known: int, *, missing: bool = True) -> NDArray[np.int64]:
    """Codes into ``known`` values; -1, the last entry, is a missing value."""
    codes = _unpacked(data, rows, np.dtype(np.int64))
    if rows and not (-1 if missing else 0) <= int(codes.min()) <= int(codes.max()) < known:
        raise IndexError("a code without its value")
    return codes


def _sized(values: Any, rows: int) -> Sequence[Any]:
    if not isinstance(values, list) or len(values) != rows:
        raise ValueError(f"a list of {rows} values expected")
    return values


def _size(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 10_000_000:
        raise ValueError(f"{value!r} is not a number of rows")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
