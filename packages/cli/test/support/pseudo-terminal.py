"""Runs a command on a pseudo-terminal and plays the person in front of it.

Takes one argument: JSON with `argv` and `exchanges`, a list of {expect, send} or {expect, signal}. Each `send` is
typed, and each `signal` is sent to the command, once `expect` has been shown. Prints everything that was shown; exits
as the command did, unless that left the terminal otherwise than it had found it.
"""

import fcntl
import json
import os
import select
import signal
import sys
import termios

PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.05

script = json.loads(sys.argv[1])
exchanges = script["exchanges"]
shown = ""
seen = 0

terminal, command_side = os.openpty()
before = termios.tcgetattr(command_side)
pid = os.fork()
if pid == 0:
    os.close(terminal)
    os.setsid()
    fcntl.ioctl(command_side, termios.TIOCSCTTY, 0)
    for descriptor in range(3):
        os.dup2(command_side, descriptor)
    os.execvp(script["argv"][0], script["argv"])

status = None
silent_seconds = 0.0
while True:
    # This side stays open, or the terminal would forget what the command has set: so there is no end of file to see.
    ready, _, _ = select.select([terminal], [], [], LOOK_SECONDS)
    if not ready:
        if status is not None:
            break
        silent_seconds += LOOK_SECONDS
        if silent_seconds > PATIENCE_SECONDS:
            sys.stdout.write(shown)
            os.kill(pid, signal.SIGKILL)
            sys.exit("the command said nothing more")
        ended, found = os.waitpid(pid, os.WNOHANG)
        if ended:
            status = found
        continue
    silent_seconds = 0.0
    shown += os.read(terminal, 65536).decode("utf-8", "replace")
    while exchanges and exchanges[0]["expect"] in shown[seen:]:
        exchange = exchanges.pop(0)
        seen = shown.index(exchange["expect"], seen) + len(exchange["expect"])
        if "signal" in exchange:
            os.kill(pid, signal.Signals[exchange["signal"]])
        else:
            os.write(terminal, exchange["send"].encode())

sys.stdout.write(shown)
if termios.tcgetattr(command_side) != before:
    sys.exit("the command has left the terminal otherwise than it had found it")
sys.exit(os.waitstatus_to_exitcode(status))
