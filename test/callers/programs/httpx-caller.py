"""A Python program that runs on and calls with httpx. See caller-program.ts for what is spoken."""

import os
import ssl
import sys

import httpx

LIVE, MODE = sys.argv[1:]


def open_client(folder):
    if MODE == "system-roots":
        context = ssl.create_default_context()
    else:
        # With a file given, the system's roots are not loaded.
        context = ssl.create_default_context(cafile=f"{folder}/bundle.pem")
    if MODE != "no-certificate":
        context.load_cert_chain(f"{folder}/fullchain.pem", f"{folder}/key.pem")
    return httpx.Client(verify=context, trust_env=False, timeout=30)


def get(client, url):
    try:
        return client.get(url)
    except httpx.RemoteProtocolError:
        # The server closed an idle connection as it reloaded: sent once more on a new one.
        return client.get(url)


folder, client = None, None
for url in map(str.strip, sys.stdin):
    try:
        # The link is read once, so that certificate and key are of one generation. A new generation is
        # a new client: the old one would keep what it has read.
        newest = os.path.realpath(LIVE)
        if newest != folder:
            folder, client = newest, open_client(newest)
        response = get(client, url)
        response.raise_for_status()
        print(response.text.strip(), flush=True)
    except httpx.HTTPError as error:
        print(f"refused: {error!r}".splitlines()[0], flush=True)
