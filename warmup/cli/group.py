"""A command group that loads its commands when they are used, and the way every command leaves.

``--help`` reads a table and imports nothing but click: a command's own imports (pandas, altair …) cost
seconds and are paid only by the person who runs it.

Exit codes, the same for all commands: 0 done; 1 the answer is "not good enough"; 2 wrong use or bad input;
3 could not be determined (DNS, I/O); 130 interrupted; 141 the reader of the output left; 128 + n ended by signal n.
A command returns its code (``None`` is 0), or raises a :class:`~warmup.errors.WarmupError`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from threading import current_thread, main_thread
from typing import Any, TextIO

import click

from warmup.errors import Problem, WarmupError

USAGE, UNDETERMINED, INTERRUPTED, READER_LEFT = 2, 3, 130, 141

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class ReaderLeftError(Exception):
    """The other end of the output pipe was closed (``warmup … | head``): no failure, nothing to say."""


class _Ended(BaseException):
    """The process is told to end. It unwinds, so that what it keeps in private folders is deleted."""


class LazyGroup(click.Group):
    """A click group whose commands stand in a table and are imported when they are run.

    Each module exposes its click command under the name ``command``. An entry whose module does not exist
    is not offered.

    Args:
        table: Command name to (module, one line of help), in the order ``--help`` shows.
        **attrs: What :class:`click.Group` takes.
    """

    def __init__(self, *, table: Mapping[str, tuple[str, str]], **attrs: Any) -> None:
        attrs.setdefault("context_settings", SETTINGS)
        super().__init__(**attrs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names of the commands that exist, in the order of the table."""
        return [name for name, (module, _) in self.table.items() if _exists(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import and return a command; ``None`` if there is none of that name.

        Raises:
            TypeError: The module has no click command named ``command`` (a fault of ours).
        """
        if cmd_name not in self.table or not _exists(self.table[cmd_name][0]):
            return None
        module = self.table[cmd_name][0]
        command = getattr(import_module(module), "command", None)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module} has no click command named 'command'")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line, or say which one was probably meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=self.list_commands(ctx), ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, importing none of them."""
        rows = [(name, self.table[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            if rows:
                formatter.write_dl(rows)
            else:
                formatter.write_text("This version has none yet.")

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the options of the group itself (``--help`` prints here)."""
        with _watch_reader():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _watch_reader():
            return super().invoke(ctx)


def run(group: click.Command, name: str, args: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; whatever is wrong is told in one line each on stderr.

    Args:
        group: The command to run.
        name: The program's name in messages.
        args: Arguments; ``None`` takes those of the process.

    Returns:
        The exit code (see the module's text).
    """
    _tolerate_encodings()
    code = 0
    with _told_to_end() as signals:
        try:
            code = _run(group, name, args)
        except BaseException:
            if not signals:  # else whatever it is, it comes from there: libraries turn one exception into another
                raise
            if signals[0] == signal.SIGINT:
                _fail(f"{name}: interrupted", INTERRUPTED)
    return 128 + signals[0] if signals else code


def _run(group: click.Command, name: str, args: Sequence[str] | None) -> int:
    """The same, without an ear for signals."""
    try:
        code = group.main(args=args, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except WarmupError as error:
        return _fail(str(error) or type(error).__name__, error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        return _fail(_usage_line(error, name), UNDETERMINED if isinstance(error, click.FileError) else USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _fail(f"{name}: interrupted", INTERRUPTED)
    except (ReaderLeftError, BrokenPipeError):
        _silence(sys.stdout)
        return READER_LEFT
    except OSError as error:
        return _fail(_os_line(error, name), UNDETERMINED)
    return code if isinstance(code, int) else 0


@contextmanager
def _told_to_end() -> Iterator[list[int]]:
    """Unwind where the process is told to end, or its terminal is closed; yields the number of the signal then.

    Ctrl-C is only noted: what it raises, DuckDB turns into a plain RuntimeError.
    """
    signals: list[int] = []

    def end(number: int, _: object) -> None:
        if not signals:  # the way out is not interrupted
            signals.append(number)
            raise _Ended

    def interrupt(number: int, _: object) -> None:
        signals.append(number)
        raise KeyboardInterrupt

    kept: dict[signal.Signals, Any] = {}
    usual = (signal.SIG_DFL, signal.default_int_handler)
    for name, handler in (("SIGTERM", end), ("SIGHUP", end), ("SIGINT", interrupt)):  # Windows has no SIGHUP
        one = getattr(signal, name, None)
        if one is not None and current_thread() is main_thread() and signal.getsignal(one) in usual:
            kept[one] = signal.signal(one, handler)
    try:
        yield signals
    finally:
        for one, before in kept.items():
            signal.signal(one, before)


def _exists(module: str) -> bool:
    """Whether a module could be imported, found out without importing it (only its package is)."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@contextmanager
def _watch_reader() -> Iterator[None]:
    """Turn a closed output pipe into :class:`ReaderLeftError` before click or rich make it exit code 1."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderLeftError from error
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # rich leaves this way
            raise ReaderLeftError from stop
        raise


def _usage_line(error: click.ClickException, name: str) -> str:
    """A usage error as one line with its way out."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = context.command_path if context else name
    what = " ".join(error.format_message().split()).removesuffix(".")
    return str(Problem(where, what, f"see '{where} --help'"))


def _os_line(error: OSError, name: str) -> str:
    """A failed file or network operation as one line: what, and on which file."""
    what = error.strerror or str(error) or type(error).__name__
    return str(Problem(f"{name}: {error.filename}" if error.filename else name, what))


def _fail(message: str, code: int) -> int:
    try:
        click.echo(message, err=True)
    except OSError:
        _silence(sys.stderr)  # nobody listens; the exit code still tells
    return code


def _silence(stream: TextIO) -> None:
    """Point a dead stream at nothing, so that Python's last flush at exit does not complain."""
    try:
        target = os.open(os.devnull, os.O_WRONLY)
        os.dup2(target, stream.fileno())
        os.close(target)
    except (OSError, ValueError):
        return  # not a real file (a test's buffer): there is nothing to silence


def _tolerate_encodings() -> None:
    """A terminal that cannot show a character shows a substitute; a plan is never lost to an arrow."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
