"""Errors of the ``warmup`` package.

The tree::

    WarmupError            anything this package raises on purpose; has an exit code
    ├── InputError         what a person wrote or exported is wrong (exit 2); all problems at once
    └── UndeterminedError  the answer could not be found out, e.g. I/O (exit 3): neither pass nor fail

The command line prints ``str(error)`` and leaves with ``error.exit_code``; a traceback never reaches a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input, told in one line.

    Attributes:
        where: File, and the line, key or record in it (``"scenario.toml: streams.news.pool"``).
        what: What is wrong, with the value seen.
        fix: What to do about it; may be empty when ``what`` makes it plain.
    """

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        if self.fix:
            line = f"{line}; {self.fix}"
        # One line, whatever the input contained: control characters would let a file forge output.
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


class WarmupError(Exception):
    """Base of every deliberate error; ``exit_code`` is what the command line returns."""

    exit_code = 1


class InputError(WarmupError):
    """An input cannot be used. Holds every problem found, not only the first.

    Attributes:
        problems: The problems, in the order of the input.
    """

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | Problem | str) -> None:
        if isinstance(problems, str):
            problems = Problem("", problems)
        if isinstance(problems, Problem):
            problems = [problems]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UndeterminedError(WarmupError):
    """The answer could not be determined (I/O, DNS): neither pass nor fail."""

    exit_code = 3
