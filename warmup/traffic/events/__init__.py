"""Event exports of sending platforms → counts (:mod:`warmup.traffic.measures`), at any size, without an address.

What a platform's reader declares is an :class:`~warmup.traffic.events.format.EventFormat`: which fields of an event are
read and what they mean, in SQL. The rest is the same for all of them:

* :mod:`~warmup.traffic.events.inputs`: files, folders, patterns and standard input; what a file is packed in and how
  its events are arranged;
* :mod:`~warmup.traffic.events.values`: the careful way through a file, value by value, with the damaged ones counted;
* :mod:`~warmup.traffic.events.ways`: the quick and the careful way through a file of JSON, a table in text (CSV) or
  lines of a log;
* :mod:`~warmup.traffic.events.sql`: from a platform's fields to the few that are kept;
* :mod:`~warmup.traffic.events.store`: the private database of a run, deleted with it; copies and repetitions;
* :mod:`~warmup.traffic.events.engine`: :func:`~warmup.traffic.events.engine.count_events`, which joins them.
"""
