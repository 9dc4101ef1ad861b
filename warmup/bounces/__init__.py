"""What an SMTP reply says about a message that failed: hard, soft or block, and why.

The rules are data (``data/causes.toml``) and mean the same in Python and in DuckDB::

    from warmup.bounces import classify_reply, sql

    classify_reply("550 5.1.1 No such user").bounce_class  # 'hard'
    duckdb.sql(f"SELECT {sql('reply')} FROM events")  # 'hard', 'soft' or 'block'

Whether a failure is final, or a deferral after which another attempt follows, is for the caller to know.
"""

from __future__ import annotations

from warmup.bounces.classify import Cause, classify_reply
from warmup.bounces.duckdb_case import sql
from warmup.bounces.rules import BOUNCE_CLASSES, BounceClass, Rule, load_rules, rules

__all__ = ["BOUNCE_CLASSES", "BounceClass", "Cause", "Rule", "classify_reply", "load_rules", "rules", "sql"]
