"""The first program of the broker's process: run by path, it becomes the broker.

    broker_child.py <pid of the hub> mosquitto <program> <configuration>
    broker_child.py <pid of the hub> embedded <configuration>

It asks the kernel to end this process when the hub ends, however the hub ends; more exactly, when
the thread that started it does, so the hub starts it from its main thread. That outlives `exec`
(prctl(2), PR_SET_PDEATHSIG), and is done here rather than between fork and exec, where Python must
not run in a process with threads. Imports nothing from the hub.
"""

import ctypes
import logging
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to the hub's life, then become the broker."""
    hub, kind, *rest = sys.argv[1:]
    # SIGTERM lets Mosquitto save what it retains.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(hub):
        sys.exit("the hub ended before its broker began")
    # A socket per device: the usual soft limit of 1024 files is below a large village.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if kind == "mosquitto":
        program, configuration = rest
        os.execv(program, [program, "-c", configuration])  # noqa: S606  no shell is wanted
    else:
        _run_embedded(*rest)


def _run_embedded(configuration: str) -> None:
    from iotcore.iotcore import IotCoreBroker  # noqa: PLC0415  Mosquitto's process never needs it

    # rumqttd names every packet, with its topic, in records of level ERROR.
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    IotCoreBroker(config_path=configuration).run_forever()


if __name__ == "__main__":
    main()
