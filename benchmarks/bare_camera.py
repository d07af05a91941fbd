"""The floor of a camera: OpenCV alone makes the same pictures, for nobody.

    python -m benchmarks.bare_camera URL SECONDS    figures as JSON on standard output

The same options, size and rate as the hub's worker: every frame is decoded, those due are shrunk
and made a JPEG. CPU is counted from the first picture on.
"""

import json
import os
import sys
import time

import cv2

WIDTH, HEIGHT, FRAMES_PER_SECOND, QUALITY = 640, 360, 5, 70


def main() -> None:
    url, seconds = sys.argv[1], float(sys.argv[2])
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
        "rtsp_transport;tcp|allowed_media_types;video|fpsprobesize;0"
    )
    cv2.setNumThreads(1)
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    if not capture.read()[0]:
        sys.exit("no picture")
    pictures, size = 0, 0
    cpu, began = time.process_time(), time.monotonic()
    due = began
    while (now := time.monotonic()) < began + seconds and capture.grab():
        if now < due - 0.1 / FRAMES_PER_SECOND:
            continue
        due = max(due, now - 1 / FRAMES_PER_SECOND) + 1 / FRAMES_PER_SECOND
        _, frame = capture.retrieve()
        if frame.shape[:2] != (HEIGHT, WIDTH):
            frame = cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        pictures, size = pictures + 1, size + len(jpeg)
    used, lasted = time.process_time() - cpu, time.monotonic() - began
    print(json.dumps({"cpu_s": used, "seconds": lasted, "pictures": pictures, "bytes": size}))


if __name__ == "__main__":
    main()
