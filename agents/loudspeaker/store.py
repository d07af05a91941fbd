"""What the agent must still know after a power cut: which ids it has had, and its volume."""

import fcntl
import json
import os
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

SEEN_KEPT = 1000


class StoreTakenError(Exception):
    """Another agent already runs on this folder."""


class Store:
    """A folder with `seen` (one line per id) and `volume.json`; one agent at a time.

    `remember` returns only after the id is on the disk, so that a sound that may already have been
    heard is never played again.
    """

    def __init__(self, folder: Path, *, kept: int = SEEN_KEPT) -> None:
        self._folder = folder
        self._kept = kept
        self._seen: OrderedDict[str, str] = OrderedDict()
        self._lines = 0
        self._lock = -1
        self._log = -1

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._take()
        self._load()
        self._log = self._open_log()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._log)
        os.close(self._lock)

    def has_seen(self, command_id: str) -> bool:
        """Whether this id was remembered, in this life of the agent or an earlier one."""
        return command_id in self._seen

    def remember(self, command_id: str, now: datetime) -> None:
        """Write the id to the disk and wait until it is there."""
        at = now.astimezone(UTC).isoformat(timespec="seconds")
        self._seen[command_id] = at
        os.write(self._log, f"{command_id}\t{at}\n".encode())
        os.fsync(self._log)
        self._lines += 1
        if self._lines >= 2 * self._kept:
            self._shorten()

    def volume(self, otherwise: int) -> int:
        """The volume set last, in percent; `otherwise` when none was set."""
        try:
            percent = json.loads((self._folder / "volume.json").read_bytes())["percent"]
        except (OSError, ValueError, KeyError, TypeError):
            return otherwise
        return percent if isinstance(percent, int) and 0 <= percent <= 100 else otherwise  # noqa: PLR2004  percent

    def keep_volume(self, percent: int) -> None:
        """Keep the volume for the next start."""
        self._replace("volume.json", json.dumps({"percent": percent}).encode())

    def _take(self) -> None:
        self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise StoreTakenError(str(self._folder)) from error

    def _load(self) -> None:
        try:
            text = (self._folder / "seen").read_text("utf-8", "replace")
        except FileNotFoundError:
            return
        for line in text.splitlines():
            command_id, tab, at = line.partition("\t")
            if tab:
                self._seen[command_id] = at
                self._lines += 1
        # A line cut off by a power cut must not swallow the next id.
        if (text and not text.endswith("\n")) or self._lines >= 2 * self._kept:
            self._rewrite()

    def _open_log(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        log = os.open(self._folder / "seen", flags, 0o600)
        self._sync_folder()
        return log

    def _shorten(self) -> None:
        os.close(self._log)
        self._rewrite()
        self._log = self._open_log()

    def _rewrite(self) -> None:
        while len(self._seen) > self._kept:
            self._seen.popitem(last=False)
        lines = "".join(f"{command_id}\t{at}\n" for command_id, at in self._seen.items())
        self._replace("seen", lines.encode())
        self._lines = len(self._seen)

    def _replace(self, name: str, content: bytes) -> None:
        draft = self._folder / f"{name}.new"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / name)
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
