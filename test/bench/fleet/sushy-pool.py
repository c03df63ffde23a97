"""Attaches an image to many BMCs through the sushy library in a thread pool; each is verified by the BMC's own state.

Standard input: {"image", "threads", "bmcs": [{"name", "url", "credentials": {"username", "password"}}]} as JSON. Standard output:
{"wallMs", "cpuMs", "bmcs": [{"name", "tookMs", "error"}]}, error null where the BMC shows the image.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import sushy
from sushy import auth

VERIFY_SECONDS = 30
CD_TYPES = (sushy.VirtualMediaType.CD, sushy.VirtualMediaType.DVD)


def slots_of(system):
    """Where Ironic looks: at the system, and where it has none at its managers."""
    try:
        return system.virtual_media.get_members()
    except sushy.exceptions.MissingAttributeError:
        return [slot for manager in system.managers for slot in manager.virtual_media.get_members()]


def attach(bmc, image):
    credentials = auth.BasicAuth(bmc["credentials"]["username"], bmc["credentials"]["password"])
    root = sushy.Sushy(bmc["url"] + "/redfish/v1", auth=credentials)
    system = root.get_system()
    slot = next(slot for slot in slots_of(system) if any(kind in slot.media_types for kind in CD_TYPES))
    slot.insert_media(image, inserted=True, write_protected=True)
    end = time.monotonic() + VERIFY_SECONDS
    while True:
        slot.refresh(force=True)
        if slot.inserted:
            return
        if time.monotonic() > end:
            raise RuntimeError("the image is not inserted")
        time.sleep(1)


def timed(bmc, image):
    began = time.monotonic()
    error = None
    try:
        attach(bmc, image)
    except Exception as exception:  # Whatever the library throws is how this BMC ended.
        error = f"{type(exception).__name__}: {exception}"[:300]
    return {"name": bmc["name"], "tookMs": (time.monotonic() - began) * 1000, "error": error}


asked = json.load(sys.stdin)
began = time.monotonic()
with ThreadPoolExecutor(asked["threads"]) as pool:
    done = list(pool.map(lambda bmc: timed(bmc, asked["image"]), asked["bmcs"]))
wall = time.monotonic() - began
json.dump({"wallMs": wall * 1000, "cpuMs": time.process_time() * 1000, "bmcs": done}, sys.stdout)
