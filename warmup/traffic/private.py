"""Private folders for what does not fit into memory: only their owner can look into them, and they do not stay.

Who made one deletes it. A process that was killed cannot: the next one that makes a folder deletes what such processes
left. They are told by a lock, which the system frees when its holder is gone, however that came.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

with suppress(ImportError):
    import fcntl

_PREFIX, _LOCK = "warmup-", "lock"

_LOCKS = "fcntl" in globals()
"""Windows has no such locks: nothing is swept there."""

_held: dict[Path, int] = {}


def make_folder() -> Path:
    """Make a private folder (mode 0700), locked as long as this process lives."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    if _LOCKS:
        draft = folder / f"{_LOCK}.new"
        _held[folder] = os.open(draft, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(_held[folder], fcntl.LOCK_EX)
        draft.rename(folder / _LOCK)  # nobody sees a lock that is not held yet
    return folder


def remove_folder(folder: Path) -> None:
    """Delete a folder of :func:`make_folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder in _held:
        os.close(_held.pop(folder))


@cache
def _sweep() -> None:
    """Delete folders that killed processes of the same user left."""
    if _LOCKS:
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            with suppress(OSError):
                _delete_left(folder)


def _delete_left(folder: Path) -> None:
    """Delete a folder whose lock nobody holds.

    Raises:
        OSError: Somebody does, or it is none of ours.
    """
    status = folder.lstat()  # a link is not followed
    if status.st_uid != os.getuid():
        return
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)
