"""Drives a simulated Redfish service through the sushy library and prints what it saw after each step, as JSON.

Standard input: {"url", "username", "password", "auth": "basic" | "session", "view": "system" | "manager", "image", "usbImage"} as JSON.
"""

import json
import sys
import time

import sushy
from sushy import auth

asked = json.load(sys.stdin)
kind = auth.BasicAuth if asked["auth"] == "basic" else auth.SessionAuth
root = sushy.Sushy(asked["url"] + "/redfish/v1", auth=kind(asked["username"], asked["password"]))
system = root.get_system_collection().get_members()[0]
manager = root.get_manager_collection().get_members()[0]
steps = []


def media():
    return (system if asked["view"] == "system" else manager).virtual_media


def reread():
    """So that nothing is answered from the library's own memory."""
    for resource in (system, manager):
        resource.refresh(force=True)


def settle(inserted):
    """The library does not wait for tasks, so the slots are asked until they show what was done, for 10 s at most."""
    end = time.monotonic() + 10
    while [slot.inserted for slot in media().get_members()] != [inserted, inserted] and time.monotonic() < end:
        time.sleep(0.02)
        reread()


def see(step):
    reread()
    steps.append(
        {
            "step": step,
            "slots": [
                {
                    "id": slot.identity,
                    "types": [item.value for item in slot.media_types],
                    "inserted": slot.inserted,
                    "image": slot.image,
                    "name": slot.image_name,
                    "writeProtected": slot.write_protected,
                }
                for slot in media().get_members()
            ],
            "boot": [item and item.value for item in (system.boot.target, system.boot.enabled, system.boot.mode)],
            "power": system.power_state.value,
        }
    )


see("start")
cd, usb = media().get_members()
cd.insert_media(asked["image"])
usb.insert_media(asked["usbImage"], inserted=True, write_protected=True)
settle(True)
see("inserted")
system.set_system_boot_options(sushy.BootSource.CD, enabled=sushy.BootSourceOverrideEnabled.ONCE)
see("boot set")
system.reset_system(sushy.ResetType.ON)
see("on")
system.reset_system(sushy.ResetType.FORCE_OFF)
cd.eject_media()
usb.eject_media()
settle(False)
see("ejected")

json.dump(
    {
        "steps": steps,
        "system": {"id": system.identity, "uuid": system.uuid, "serial": system.serial_number, "maker": system.manufacturer},
        "resets": sorted(item.value for item in system.get_allowed_reset_system_values()),
        "targets": sorted(item.value for item in system.get_allowed_system_boot_source_values()),
        "manager": {"id": manager.identity, "version": manager.firmware_version, "type": manager.manager_type.value},
        "managers": [item.identity for item in system.managers],
        "sessions": [item.username for item in root.get_session_service().sessions.get_members()],
    },
    sys.stdout,
)
