"""Tests of ``warmup.demo``."""
