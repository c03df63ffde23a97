"""Reads a system's virtual media, boot override and power through the sushy library and prints them as JSON.

Standard input: {"url", "system", "username", "password", "caFile"} as JSON; the last three may be absent.
"""

import json
import sys

import sushy
from sushy import auth

asked = json.load(sys.stdin)
credentials = auth.BasicAuth(asked["username"], asked["password"]) if "username" in asked else None
root = sushy.Sushy(asked["url"] + "/redfish/v1", auth=credentials, verify=asked.get("caFile", True))
system = root.get_system("/redfish/v1/Systems/" + asked["system"])

json.dump(
    {
        "slots": {
            slot.identity: {
                "inserted": slot.inserted,
                "image": slot.image,
                "imageName": slot.image_name,
                "mediaTypes": [kind.value for kind in slot.media_types],
            }
            for slot in system.virtual_media.get_members()
        },
        "boot": {
            "target": system.boot.target and system.boot.target.value,
            "enabled": system.boot.enabled and system.boot.enabled.value,
            "mode": system.boot.mode and system.boot.mode.value,
        },
        "powerState": system.power_state.value,
    },
    sys.stdout,
)
