"""Plan the move of e-mail traffic to new IPs without losing the inbox."""

__version__ = "0.1.0"
