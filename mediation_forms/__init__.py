"""Standard (Tier 1) mediation requests to mailbox providers, each tied to a Support Case."""
