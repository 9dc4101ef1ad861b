"""Published ways to warm an IP, as data with provenance, and what is made of them.

Every ladder, rule, policy and ceiling stands in a TOML file under ``data`` with its source, date and confidence;
nothing is read before it is asked for::

    from warmup.ramps import ramp

    ramp("sparkpost-2020").table()[:4]  # (200, 500, 1000, 2000)
"""

from __future__ import annotations

from warmup.ramps.ceilings import Ceiling, default_ceilings
from warmup.ramps.expansion import expand_rule, rules
from warmup.ramps.ladder import Ladder, fill_days
from warmup.ramps.library import ramp, ramps
from warmup.ramps.model import Ramp
from warmup.ramps.policy import Choice, Policy, choose_policy, named, policies

__all__ = [
    "Ceiling",
    "Choice",
    "Ladder",
    "Policy",
    "Ramp",
    "choose_policy",
    "default_ceilings",
    "expand_rule",
    "fill_days",
    "named",
    "policies",
    "ramp",
    "ramps",
    "rules",
]
