"""Runs a command on a pseudo-terminal and plays the person in front of it.

Takes one argument: JSON with `argv` and `exchanges`, a list of {expect, send}. Each `send` is typed once
`expect` has been shown. Prints everything that was shown; exits as the command did.
"""

import json
import os
import pty
import select
import sys

PATIENCE_SECONDS = 120

script = json.loads(sys.argv[1])
exchanges = script["exchanges"]
shown = ""
seen = 0

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(script["argv"][0], script["argv"])

while True:
    ready, _, _ = select.select([terminal], [], [], PATIENCE_SECONDS)
    if not ready:
        sys.stdout.write(shown)
        sys.exit("the command said nothing more")
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    shown += chunk.decode("utf-8", "replace")
    while exchanges and exchanges[0]["expect"] in shown[seen:]:
        seen = shown.index(exchanges[0]["expect"], seen) + len(exchanges[0]["expect"])
        os.write(terminal, exchanges.pop(0)["send"].encode())

_, status = os.waitpid(pid, 0)
sys.stdout.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
