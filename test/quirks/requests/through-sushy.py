"""Attaches an image to one BMC after the other through the sushy library, as Ironic does; lines of JSON on standard input and output.

In: {"url", "username", "password", "image"}, and any line as an answer to what is told. Out: {"tells": "inserted" | "verified"},
{"tells": "failed", "why"}, {"tells": "sleeps", "seconds"}: the time that passes is not this process's. Each but "verified" and "failed",
which end a BMC, waits for its answer.
"""

import json
import logging
import sys
import time

import requests
import sushy
from sushy import auth

logging.disable()
CD_TYPES = (sushy.VirtualMediaType.CD, sushy.VirtualMediaType.DVD)
LOOKS = 120


class Ended(Exception):
    """Without an exception of the library's own."""


class NoInternet:
    """Message registries are read from the BMC or not at all."""

    @staticmethod
    def get(url, **_options):
        raise requests.ConnectionError(url)


def tell(**line):
    print(json.dumps(line), flush=True)


def tell_and_wait(**line):
    tell(**line)
    sys.stdin.readline()


time.sleep = lambda seconds: tell_and_wait(tells="sleeps", seconds=seconds)


def slots_of(system):
    """Where Ironic looks: at the system, and where it has none at its managers."""
    try:
        return system.virtual_media.get_members()
    except sushy.exceptions.MissingAttributeError:
        return [slot for manager in system.managers for slot in manager.virtual_media.get_members()]


def insert(slots, image):
    """Into the first CD slot that does not refuse it."""
    refusal = None
    for slot in slots:
        if not any(kind in slot.media_types for kind in CD_TYPES):
            continue
        try:
            slot.insert_media(image, inserted=True, write_protected=True)
            return slot
        except sushy.exceptions.SushyError as error:
            refusal = refusal or error
    raise refusal or Ended("no CD slot")


def attach(url, username, password, image):
    root = sushy.Sushy(url + "/redfish/v1", auth=auth.BasicAuth(username, password), public_connector=NoInternet)
    slot = insert(slots_of(root.get_system()), image)
    tell_and_wait(tells="inserted")
    for _ in range(LOOKS):
        slot.refresh(force=True)
        if slot.inserted:
            return
        time.sleep(1)
    raise Ended("never inserted")


for line in sys.stdin:
    try:
        attach(**json.loads(line))
        tell(tells="verified")
    except Ended as end:
        tell(tells="failed", why=str(end), code="")
    except Exception as exception:  # Whatever the library throws is how this BMC ended.
        tell(tells="failed", why=type(exception).__name__, code=str(getattr(exception, "code", "")))
