"""Recipients → engagement tiers: from a list with dates to counts by mailbox provider, stream and tier.

The list never leaves the engine that reads it: one SELECT counts by recipient domain
(:mod:`~warmup.traffic.recipients.select`), DuckDB runs it on files (:mod:`~warmup.traffic.recipients.counting`), a
warehouse on its tables (:mod:`~warmup.traffic.recipients.warehouse`), and the domains are turned into providers here.
"""
