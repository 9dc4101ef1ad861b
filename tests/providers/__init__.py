"""Tests of ``warmup.providers``."""
