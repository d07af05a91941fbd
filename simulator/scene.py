"""A few seconds of a village street, drawn and encoded once, to be replayed for ever."""

import fractions
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from simulator import frame_number

FRAMES_PER_S = 12
LOOP_S = 10
KEYFRAME_EVERY_S = 2

_HORIZON = 190
_SKIES = ((118, 168, 214), (236, 176, 120), (60, 72, 110))
_Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Loop:
    """H.264 access units, each a tuple of NAL units without start codes, and SPS and PPS."""

    units: tuple[tuple[bytes, ...], ...]
    sps: bytes
    pps: bytes


def encode_loop(variant: int) -> Loop:
    """Draw and encode one loop (about half a second of work); `variant` chooses the scene."""
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height = frame_number.WIDTH, frame_number.HEIGHT
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = fractions.Fraction(FRAMES_PER_S)
    encoder.time_base = fractions.Fraction(1, FRAMES_PER_S)
    encoder.gop_size = FRAMES_PER_S * KEYFRAME_EVERY_S
    encoder.thread_count = 1
    # baseline, no B frames: the order of decoding is the order of showing
    encoder.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "profile": "baseline",
        "crf": "26",
        "x264-params": f"scenecut=0:keyint={encoder.gop_size}:slices=1",
    }
    units = tuple(_encode_all(encoder, variant))
    parameters = {nal[0] & 0x1F: nal for nal in units[0]}
    return Loop(units, parameters[7], parameters[8])


def _encode_all(encoder: av.VideoCodecContext, variant: int) -> Iterator[tuple[bytes, ...]]:
    street = _street(variant)
    for number in range(FRAMES_PER_S * LOOP_S):
        frame = av.VideoFrame.from_ndarray(_picture(street, number, variant), format="rgb24")
        frame.pts = number
        frame.time_base = encoder.time_base
        for packet in encoder.encode(frame):
            yield _nals(bytes(packet))
    for packet in encoder.encode(None):
        yield _nals(bytes(packet))


def _nals(unit: bytes) -> tuple[bytes, ...]:
    """Cut an annex-B access unit at its start codes (ITU-T H.264, annex B)."""
    pieces = unit.split(b"\x00\x00\x01")[1:]
    return tuple(piece[:-1] if piece.endswith(b"\x00") else piece for piece in pieces)


def _street(variant: int) -> _Picture:
    picture = np.empty((frame_number.HEIGHT, frame_number.WIDTH, 3), np.uint8)
    rows = np.linspace(0.75, 1.0, _HORIZON)[:, None, None]
    picture[:_HORIZON] = rows * np.array(_SKIES[variant % len(_SKIES)])
    picture[_HORIZON:] = (74, 112, 62)
    for row in range(_HORIZON, frame_number.HEIGHT):  # the road widens towards the camera
        half = 30 + (row - _HORIZON)
        picture[row, 320 - half : 320 + half] = (96, 96, 100)
    for left in range(20 + variant * 15, 620, 150):  # houses along the road
        picture[_HORIZON - 60 : _HORIZON + 10, left : left + 90] = (186, 150 - variant * 12, 110)
        picture[_HORIZON - 78 : _HORIZON - 60, left - 6 : left + 96] = (150, 62, 48)
    picture[90:300, 470:476] = (70, 70, 74)  # the lamp post
    return picture


def _picture(street: _Picture, number: int, variant: int) -> _Picture:
    picture = street.copy()
    glow = 200 + round(40 * np.sin(2 * np.pi * number / (FRAMES_PER_S * LOOP_S)))
    picture[84:96, 440:480] = (glow, glow, 150)
    share = number / (FRAMES_PER_S * LOOP_S)
    left = int((1 - share if variant % 2 else share) * 560) + 30
    step = number // 3 % 2 * 6
    picture[236:250, left + 4 : left + 16] = (224, 184, 150)  # a walker: head, body, legs
    picture[250:284, left : left + 20] = (52, 84, 168)
    picture[284:312, left + 1 : left + 7 + step] = (40, 40, 46)
    picture[284:312, left + 19 - 6 - step : left + 19] = (40, 40, 46)
    frame_number.draw(picture, number)
    return picture
