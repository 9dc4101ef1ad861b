"""Tests of ``warmup.ramps``."""
