"""What readers of counts share: loading answers of an API, and turning their numbers into one table of counts.

:mod:`~warmup.traffic.aggregates.answers` loads files in bounded memory; :mod:`~warmup.traffic.aggregates.formulas`
turns a platform's numbers into measures; :mod:`~warmup.traffic.aggregates.cells` collects them, each number once,
whatever pages and copies they stand in. What is particular to a platform stands in its reader.
"""
