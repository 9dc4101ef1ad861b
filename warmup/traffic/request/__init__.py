"""What a technical account manager asks a customer for, per platform: ``data/requests``, with dates filled in.

Retention first, counts before events, no addresses, and what the answer will not say.
"""

from __future__ import annotations

from warmup.traffic.request.library import MINIMUM, RANGE, WANTED, data_request, platforms
from warmup.traffic.request.model import Ask, Call, DataRequest, Engagement, Limit, Source

__all__ = [
    "MINIMUM",
    "RANGE",
    "WANTED",
    "Ask",
    "Call",
    "DataRequest",
    "Engagement",
    "Limit",
    "Source",
    "data_request",
    "platforms",
]
