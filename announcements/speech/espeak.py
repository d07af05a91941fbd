"""Speech by eSpeak NG: Debian's program where it is installed, else the espeakng-loader wheel.

Runs inside the audio worker only. The text goes by standard input or memory, never as an argument;
SSML and phoneme input are off, so that a text cannot command the voice. `vi+Annie` at 130 words a
minute with a gap of 3 was measured as the best readable of the Vietnamese variants.
"""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

_GAP: Final = 3  # between words, in units of 10 ms
_HEADER_BYTES: Final = 44
_RATE_AT: Final = 24  # where a WAV header holds its sample rate
_PROGRAM_TIMEOUT_S: Final = 60

# From speak_lib.h of eSpeak NG.
_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
_PARAMETER_RATE: Final = 1
_PARAMETER_WORD_GAP: Final = 7
_POSITION_CHARACTER: Final = 1
_CHARACTERS_UTF8: Final = 1
_PAUSE_AT_END: Final = 0x1000

# "[[" would begin phonemes and "<" markup; control characters are commands inside the text.
_NOT_TEXT: Final = dict.fromkeys((*range(32), 127, *map(ord, "[]<>")), " ")


class VoiceUnavailable(Exception):
    """No eSpeak NG on this computer, or none that knows the voice."""


class SpeechTooLong(Exception):
    """The speech would be longer than the limit."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono PCM, signed 16 bit little-endian."""

    pcm: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Voice:
    """Which voice speaks, how fast, and how long at most."""

    name: str = "vi+Annie"
    words_per_minute: int = 130
    limit_s: float = 600.0


Synthesiser = Callable[[str, Voice], Speech]


def synthesise(text: str, voice: Voice) -> Speech:
    """Speak `text`. Raises VoiceUnavailable or SpeechTooLong."""
    speak = by_program if shutil.which("espeak-ng") else by_library
    return speak(text.translate(_NOT_TEXT), voice)


def by_program(text: str, voice: Voice) -> Speech:
    """Speak with Debian's `espeak-ng`."""
    program = shutil.which("espeak-ng")
    if program is None:
        detail = "espeak-ng is not installed"
        raise VoiceUnavailable(detail)
    command = [program, "-v", voice.name, "-s", str(voice.words_per_minute), "-g", str(_GAP)]
    with tempfile.TemporaryFile() as source:
        source.write(text.encode())
        source.seek(0)
        return _read_wav([*command, "-b", "1", "--stdin", "--stdout"], source.fileno(), voice)


def _read_wav(command: list[str], source: int, voice: Voice) -> Speech:
    with subprocess.Popen(
        command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None  # noqa: S101  asked for above
        header = process.stdout.read(_HEADER_BYTES)
        rate_hz = int.from_bytes(header[_RATE_AT : _RATE_AT + 4], "little") or 1
        limit_bytes = int(voice.limit_s * rate_hz) * 2
        pcm = process.stdout.read(limit_bytes + 1)
        too_long = len(pcm) > limit_bytes
        if too_long:
            process.kill()
        code = process.wait(_PROGRAM_TIMEOUT_S)
    if too_long:
        raise SpeechTooLong
    if code != 0 or len(header) < _HEADER_BYTES:
        detail = f"espeak-ng does not speak with the voice {voice.name}"
        raise VoiceUnavailable(detail)
    return Speech(pcm, rate_hz)


def by_library(text: str, voice: Voice) -> Speech:
    """Speak with the shared library of the espeakng-loader wheel."""
    if find_spec("espeakng_loader") is None:
        detail = "neither the program espeak-ng nor the wheel espeakng-loader is installed"
        raise VoiceUnavailable(detail)
    library, rate_hz = _open_library(voice)
    limit_bytes = int(voice.limit_s * rate_hz) * 2
    pcm = bytearray()

    def keep(samples: int | None, count: int, _events: ctypes.c_void_p) -> int:
        if samples is not None and count > 0:
            pcm.extend(ctypes.string_at(samples, count * 2))
        return 1 if len(pcm) > limit_bytes else 0

    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(keep)
    library.espeak_SetSynthCallback(callback)
    _say(library, text)
    library.espeak_Terminate()
    if len(pcm) > limit_bytes:
        raise SpeechTooLong
    return Speech(bytes(pcm), rate_hz)


def _open_library(voice: Voice) -> tuple[ctypes.CDLL, int]:
    # Imported here: the wheel is needed only where Debian's program is missing.
    import espeakng_loader  # noqa: PLC0415

    library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
    where = str(espeakng_loader.get_data_path()).encode()
    rate_hz = library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, where, 0)
    if rate_hz <= 0 or library.espeak_SetVoiceByName(voice.name.encode()) != 0:
        detail = f"the espeakng-loader wheel does not speak with the voice {voice.name}"
        raise VoiceUnavailable(detail)
    library.espeak_SetParameter(_PARAMETER_RATE, voice.words_per_minute, 0)
    library.espeak_SetParameter(_PARAMETER_WORD_GAP, _GAP, 0)
    return library, rate_hz


def _say(library: ctypes.CDLL, text: str) -> None:
    encoded = text.encode() + b"\0"
    library.espeak_Synth(
        ctypes.c_char_p(encoded),
        ctypes.c_size_t(len(encoded)),
        ctypes.c_uint(0),
        _POSITION_CHARACTER,
        ctypes.c_uint(0),
        ctypes.c_uint(_CHARACTERS_UTF8 | _PAUSE_AT_END),
        None,
        None,
    )
    library.espeak_Synchronize()
