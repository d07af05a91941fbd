"""Where sounds are made and kept: the hub's side of the audio worker.

Each job runs in a process of its own, one at a time, so that the native code of speech and encoding
can neither crash, hang nor fatten the hub. What was made is kept under the hash of what was asked
for, since announcements repeat; the oldest go first when there are too many.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from hub.config import AnnouncementSettings
from hub.errors import InvalidInput, WorkerFailed

log = structlog.get_logger(__name__)

# Part of every key: raise it when the worker makes another sound of the same text.
_FORMAT: Final = 1
_TIME_LIMIT_S: Final = 90.0
_LONGEST_SOUND_S: Final = 900.0
_LONGEST_TEXT: Final = 30_000
_IN_USE_S: Final = 2 * 3600.0
_DAY_S: Final = 86_400.0
_ANSWER_BYTES: Final = 64 * 1024
WORKER: Final = (sys.executable, "-m", "announcements.audio")
# Whatever the text is at fault for goes back to the person; the rest is a failure of the hub.
_FAULT_OF_TEXT: Final = {"too_long", "no_sound"}


@dataclass(frozen=True, slots=True)
class Sound:
    """A finished MP3. `key` names it in the workshop; `sha256` is that of the file's bytes."""

    key: str
    path: Path
    seconds: float
    sha256: str
    loudness_lufs: float
    peak_dbfs: float
    bytes: int


class Workshop:
    """Makes and keeps the sounds of announcements in `folder`."""

    def __init__(
        self,
        folder: Path,
        settings: AnnouncementSettings,
        *,
        worker: Sequence[str] = WORKER,
        time_limit_s: float = _TIME_LIMIT_S,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._worker = tuple(worker)
        self._time_limit_s = time_limit_s
        self._one_at_a_time = asyncio.Lock()

    def key(self, spoken: str, repeat: int) -> str:
        """The name of the sound of `spoken`, said `repeat` times in the present voice."""
        voice = (self._settings.voice, self._settings.words_per_minute)
        asked = json.dumps([_FORMAT, *voice, repeat, spoken], ensure_ascii=False)
        return hashlib.sha256(asked.encode()).hexdigest()

    def path(self, key: str) -> Path:
        """Where the sound of this key is or would be, always inside the folder of sounds."""
        if len(key) != 64 or not set(key) <= set("0123456789abcdef"):  # noqa: PLR2004  sha256
            detail = "This is not the name of a sound"
            raise InvalidInput(detail)
        return self._folder / f"{key}.mp3"

    async def make(self, spoken: str, repeat: int = 1) -> Sound:
        """Make the sound of a normalised text, or find the one made before.

        Raises InvalidInput for a text that is too long or holds nothing to say, WorkerFailed when
        the worker crashed, hung, or has no voice.
        """
        if len(spoken) > _LONGEST_TEXT:
            detail = f"The text is longer than {_LONGEST_TEXT} characters: shorten it"
            raise InvalidInput(detail)
        key = self.key(spoken, repeat)
        async with self._one_at_a_time:
            kept = await asyncio.to_thread(self._find, key)
            if kept is not None:
                return kept
            answer = await self._work(self._job(key, spoken, repeat))
            log.info("sound made", seconds=answer["seconds"], cpu_s=answer.get("cpu_s"))
            await asyncio.to_thread(self.tidy)
            return self._sound(key, answer)

    def _job(self, key: str, spoken: str, repeat: int) -> bytes:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        job = {
            "text": spoken,
            "path": str(self.path(key).absolute()),
            "repeat": repeat,
            "limit_s": _LONGEST_SOUND_S,
            "voice": {
                "name": self._settings.voice,
                "words_per_minute": self._settings.words_per_minute,
            },
        }
        return json.dumps(job).encode() + b"\n"

    async def _work(self, job: bytes) -> dict[str, object]:
        process = await asyncio.create_subprocess_exec(
            *self._worker,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_ANSWER_BYTES,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": _import_path()},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._time_limit_s):
                output, _ = await process.communicate(job)
        except TimeoutError:
            seconds = round(self._time_limit_s)
            detail = f"Making the sound took longer than {seconds} seconds and was ended: try again"
            raise WorkerFailed(detail) from None
        finally:
            await _end(process)
        return _answer(output, process.returncode)

    def _find(self, key: str) -> Sound | None:
        path = self.path(key)
        try:
            figures = json.loads(path.with_suffix(".json").read_bytes())
            sound = self._sound(key, figures)
            if path.stat().st_size != sound.bytes:
                return None
            os.utime(path)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # never made, or damaged: make it again
        return sound

    def _sound(self, key: str, figures: dict[str, object]) -> Sound:
        return Sound(
            key=key,
            path=self.path(key),
            seconds=float(str(figures["seconds"])),
            sha256=str(figures["sha256"]),
            loudness_lufs=float(str(figures["loudness_lufs"])),
            peak_dbfs=float(str(figures["peak_dbfs"])),
            bytes=int(str(figures["bytes"])),
        )

    def tidy(self) -> None:
        """Remove sounds past the age or the size that the settings allow, oldest use first."""
        # File times are the computer's own, whatever clock the hub was given.
        now = time.time()
        allowed = self._settings.keep_mb * 1_000_000
        for used_at, size, path in sorted(self._kept(), reverse=True):
            allowed -= size
            age_s = now - used_at
            too_old = age_s > self._settings.keep_days * _DAY_S
            if too_old or (allowed < 0 and age_s > _IN_USE_S):
                path.unlink(missing_ok=True)
                path.with_suffix(".json").unlink(missing_ok=True)

    def _kept(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self._folder.glob("*.mp3"):
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
        return found


def _import_path() -> str:
    """The worker imports what this process imports, also when started from another folder."""
    return os.pathsep.join(path or str(Path.cwd()) for path in sys.path)


def _answer(output: bytes, code: int | None) -> dict[str, object]:
    try:
        answer = json.loads(output)
    except ValueError:
        answer = None
    if code != 0 or not isinstance(answer, dict):
        detail = "The program that makes sounds failed: try again, or write a shorter text"
        raise WorkerFailed(detail, exit_code=code)
    if "error" in answer:
        detail = str(answer.get("detail", ""))
        raise (InvalidInput if answer["error"] in _FAULT_OF_TEXT else WorkerFailed)(detail)
    return answer


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the worker and what it started, and wait for it, so that nothing is left over."""
    if process.returncode is None:
        os.killpg(process.pid, 9)
        await process.wait()
