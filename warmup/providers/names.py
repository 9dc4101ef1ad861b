"""Domain names as people, exports and DNS write them, in one spelling."""

from __future__ import annotations

import re
from unicodedata import category, normalize

MAX_NAME, MAX_LABEL = 253, 63
"""Octets of a domain name without its last dot, and of one label (RFC 1035)."""

_DOTS = str.maketrans("。．｡", "...")  # the dots of IDNA (RFC 3490, section 3.1)

# Hyphens and underscores anywhere: exports contain names that no registry would sell. One pass, nothing to backtrack.
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")


def normalise(domain: str) -> str | None:
    """Return a recipient domain in one spelling: lower case, no last dot, international labels as ``xn--``.

    International names follow the non-transitional mapping of UTS 46 as far as look-ups need it (compatibility forms,
    lower case, punycode): ``ß`` stays a letter of its own.

    Returns:
        The name, or None for anything that cannot be a domain of a mailbox: empty, one label, a label that is empty or
        too long, spaces, control characters, ``@``.

    >>> normalise(" Gmail.COM. ")
    'gmail.com'
    >>> normalise("bücher.example")
    'xn--bcher-kva.example'
    """
    name = domain.strip()
    if not name.isascii():
        name = _to_ascii(name)
    name = name.lower().removesuffix(".")
    return name if len(name) <= MAX_NAME and _NAME.fullmatch(name) else None


def normalise_host(host: str) -> str:
    """The spelling in which MX hosts are compared: lower case, no space around, no last dot. The root is empty."""
    return host.strip().lower().removesuffix(".")


def _to_ascii(name: str) -> str:
    """International labels in punycode; empty where that is not possible."""
    if len(name) > MAX_NAME:
        return ""
    labels = []
    for label in name.translate(_DOTS).split("."):
        # Twice, because lower case can undo the composed form. A label is mapped alone: no character may become a dot.
        mapped = normalize("NFKC", normalize("NFKC", label).lower())
        if not all(char in "-_" or category(char)[0] in "LMN" for char in mapped):
            return ""
        labels.append(mapped if mapped.isascii() else "xn--" + mapped.encode("punycode").decode("ascii"))
    return ".".join(labels)
