"""Waiting for what must come true, never for a span of time."""
import os
import socket
import time

# A machine under load may be given more time; promised bounds are asserted apart, unstretched.
PATIENCE = float(os.environ.get("VIGIL_E2E_PATIENCE", "1"))
POLL_S = 0.05


def wait_until(condition, what, seconds=60, explain=None):
    """The first true value of `condition`; fails after `seconds`, with `explain()` to tell why."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            reason = f"\n{explain()}" if explain else ""
            raise AssertionError(f"not within {seconds * PATIENCE:.0f} s: {what}{reason}")
        time.sleep(POLL_S)


def stays_true(condition, seconds):
    """Whether `condition` holds at every look for `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            return False
        time.sleep(POLL_S)
    return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
