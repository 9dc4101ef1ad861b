"""Which provider a mistyped label or domain may mean. Only ever a question to a person: nothing is classified by it."""

from __future__ import annotations

from difflib import get_close_matches

from warmup.providers.catalogue import OTHER, catalogue, simplify
from warmup.providers.names import normalise

ALIKE = 0.82
"""Likeness (of :mod:`difflib`, 0 to 1) from which a name is taken for a typing error."""

SHORTEST = 4
"""Letters of a name below which everything is alike."""

SLIPS = 2
"""Letters by which a typing error makes a name longer or shorter."""


def near(name: str) -> str | None:
    """The planning group whose label or domain is nearly what was written; None if none is.

    >>> near("Outlok")
    'microsoft_consumer'
    >>> near("gmial.com")
    'google'
    """
    known = catalogue()
    domain = normalise(name)
    words = known.domains if domain else known.words
    written = domain or simplify(name)
    if len(written) < SHORTEST:
        return None
    fitting = [word for word in words if len(word) >= SHORTEST and abs(len(word) - len(written)) <= SLIPS]
    close = get_close_matches(written, fitting, n=1, cutoff=ALIKE)
    if not close:
        return None
    group = known.providers[words[close[0]]].group if domain else words[close[0]]
    return None if group == OTHER else group
