"""The ``warmup`` command: one file per sub-command, each loaded only when it is used."""
