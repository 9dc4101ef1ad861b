"""The example customer that ``warmup demo`` writes: published figures scaled to an invented shop, ready to plan."""

from warmup.demo.folder import write_demo

__all__ = ["write_demo"]
