"""A Python program that runs on and calls with requests. See caller-program.ts for what is spoken."""

import os
import sys

import requests

LIVE, MODE = sys.argv[1:]


def open_session(folder):
    session = requests.Session()
    # Else REQUESTS_CA_BUNDLE would take the place of the bundle.
    session.trust_env = False
    session.verify = MODE == "system-roots" or f"{folder}/bundle.pem"
    if MODE != "no-certificate":
        session.cert = (f"{folder}/fullchain.pem", f"{folder}/key.pem")
    # A server that reloads closes idle connections: what meets a closed one is sent once more.
    session.mount("https://", requests.adapters.HTTPAdapter(max_retries=1))
    return session


folder, session = None, None
for url in map(str.strip, sys.stdin):
    try:
        # The link is read once, so that certificate and key are of one generation. A new generation is
        # a new session: the old one would keep what it has read.
        newest = os.path.realpath(LIVE)
        if newest != folder:
            folder, session = newest, open_session(newest)
        response = session.get(url, timeout=30)
        response.raise_for_status()
        print(response.text.strip(), flush=True)
    except requests.RequestException as error:
        print(f"refused: {error}".splitlines()[0], flush=True)
