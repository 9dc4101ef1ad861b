r"""Where the codes stand in a reply, in the syntax that Python and RE2 share; each has one group, the code.

Replies come as servers give them (``550 5.1.1 …``, ``550-5.1.1 …``), behind a type (``smtp; 550 …``), a host
(``host mx.example said: 550 …``) or a platform's own words. No digit or dot may touch an enhanced code, so that parts
of addresses (``192.0.2.4.1``) and of versions are none. A line end satisfies either alternative at the end, so that
Python's ``$``, which stops before a last one, makes no difference.
"""

from __future__ import annotations

ENHANCED = r"(?:^|[^0-9.])([45]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)"
"""The first enhanced status code (RFC 3463) of a failure."""

CODE = r"(?:^|[;:] ?)[\"'(<]?([45][0-5][0-9])(?:[^0-9.A-Za-z]|$)"
"""The first basic reply code (RFC 5321) of a failure that begins the text or follows a colon or a semicolon."""
