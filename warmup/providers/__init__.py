"""Who a recipient domain belongs to, and what is planned together.

A fresh MX answer wins, then the catalogue's domains; the longest suffix wins. DNS is asked only by
:mod:`warmup.providers.resolve`, never by :func:`classify`::

    from warmup.providers import classify

    classify(["gmail.com"])["gmail.com"].group  # 'google'
"""

from __future__ import annotations

from warmup.providers.catalogue import Catalogue, Group, Provider, catalogue
from warmup.providers.match import Match, classify

__all__ = ["Catalogue", "Group", "Match", "Provider", "catalogue", "classify"]
