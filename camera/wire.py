"""How the worker and the hub speak: one JSON line in, records with a length out.

A record is kind (1 byte), time of capture (8 bytes, CLOCK_MONOTONIC in nanoseconds, which is one
clock for all processes of a computer), length (4 bytes), content; numbers in network order.
"""

import struct

HEADER = struct.Struct("!BQI")
PICTURE = 1
FAULT = 2

# A JPEG of 1920 x 1080 at the best quality is smaller; more than this is no record of ours.
LARGEST_BYTES = 4_000_000
