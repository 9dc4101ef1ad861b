"""What is sent today, and what will be sent: exports of any platform → :class:`History` → :class:`Supply`.

Importing this package is quick: names load their module on first use (PEP 562), because ``warmup --help`` must not pay
for numpy and pandas. The function is :func:`warmup.traffic.forecast.forecast`; it is not exported here, where its name
belongs to its module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warmup.traffic.audience import Audience, load_audience
    from warmup.traffic.forecast import Forecast
    from warmup.traffic.history import History, load_history
    from warmup.traffic.supply import NO_TIERS, TIER_LABELS, TIERS, Note, Supply, largest_remainder

_HOMES = {
    "Audience": "audience",
    "Forecast": "forecast",
    "History": "history",
    "NO_TIERS": "supply",
    "Note": "supply",
    "Supply": "supply",
    "TIERS": "supply",
    "TIER_LABELS": "supply",
    "largest_remainder": "supply",
    "load_audience": "audience",
    "load_history": "history",
}

__all__ = [
    "NO_TIERS",
    "TIERS",
    "TIER_LABELS",
    "Audience",
    "Forecast",
    "History",
    "Note",
    "Supply",
    "largest_remainder",
    "load_audience",
    "load_history",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
