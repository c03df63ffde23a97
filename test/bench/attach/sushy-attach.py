"""Attaches and ejects a CD image through the sushy library, one step a line of standard input, and tells when each is done.

First line: {"url", "username", "password"} as JSON. A step is {"do": "attach", "image", "verify", "boot"} or {"do": "eject"}.
"""

import json
import sys

import sushy
from sushy import auth

asked = json.loads(sys.stdin.readline())
root = None
path = None


def find_system():
    """The connection and the system's path are kept from one attach to the next, as Ironic keeps them."""
    global root, path
    if root is None:
        credentials = auth.BasicAuth(asked["username"], asked["password"])
        root = sushy.Sushy(asked["url"] + "/redfish/v1", auth=credentials)
    system = root.get_system(path)
    path = system.path
    return system


def find_slot(system):
    return next(slot for slot in system.virtual_media.get_members() if sushy.VirtualMediaType.CD in slot.media_types)


def attach(image, verify, boot):
    system = find_system()
    slot = find_slot(system)
    slot.insert_media(image, inserted=True, write_protected=True)
    if verify:
        slot.refresh(force=True)
        if not slot.inserted:
            raise RuntimeError("the image is not inserted")
    if boot:
        system.set_system_boot_options(sushy.BootSource.CD, enabled=sushy.BootSourceOverrideEnabled.ONCE)


for line in sys.stdin:
    step = json.loads(line)
    if step.pop("do") == "attach":
        attach(**step)
    else:
        find_slot(find_system()).eject_media()
    print("done", flush=True)
