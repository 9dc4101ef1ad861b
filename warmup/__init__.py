"""Plan the move of e-mail traffic to new IPs without losing the inbox.

The names below are the public interface; each is imported the moment it is first used, so that
``import warmup`` costs nothing (PEP 562)::

    import warmup

    scenario = warmup.load_scenario("scenario.toml")
    plan = warmup.plan(scenario)
    plan.messages  # a tidy DataFrame
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warmup.planner.plan import Plan as Plan
    from warmup.planner.planning import plan as plan
    from warmup.providers import classify as classify
    from warmup.scenario import load_scenario as load_scenario

__version__ = "0.1.0"

# name -> the module that defines it; keep the imports above in step (tests/test_ground.py compares).
_HOMES: dict[str, str] = {
    "Plan": "warmup.planner.plan",
    "classify": "warmup.providers",
    "load_scenario": "warmup.scenario",
    "plan": "warmup.planner.planning",
}

__all__ = ["Plan", "__version__", "classify", "load_scenario", "plan"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use and remember it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
