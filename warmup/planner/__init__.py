"""The planner: from a scenario and its supply to a plan, its variants and what limits them.

The plan itself is ``warmup.plan(scenario)`` (:func:`warmup.planner.planning.plan`). Here are its parts on their own,
imported when
they are first used::

    from warmup.planner import latest_start, levers, sizing

    levers(warmup.load_scenario("scenario.toml"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warmup.planner.pool_size import sizing as sizing
    from warmup.planner.starts import latest_start as latest_start
    from warmup.planner.variants import levers as levers

_WHERE = {
    "levers": "warmup.planner.variants",
    "latest_start": "warmup.planner.starts",
    "sizing": "warmup.planner.pool_size",
}

__all__ = ["latest_start", "levers", "sizing"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
