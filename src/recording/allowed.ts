// What of a BMC's texts stays as it is: properties of the schemas (DSP0268) that tell products and media apart, and words of enumerations.
import type { Place } from "./sensitive.ts";

/** They say how something is, not who. */
const harmless =
  /(?:type|types|state|status|mode|origin|health|healthrollup|version|enabled|supported|format|policy|protocol|method|severity|resolution)$/iu;

export const isHarmlessName = (name: string): boolean => harmless.test(name);

/** Profiles know a BMC by these, whatever they say. */
const products = new Set([
  "RedfishVersion",
  "Vendor",
  "Product",
  "Manufacturer",
  "Model",
  "SubModel",
  "FirmwareVersion",
  "BiosVersion",
]);

const enumerations =
  /^(?:BootSourceOverride\w+|StopBootOnFault|MediaTypes|ConnectedVia|IndicatorLED|SupportedApplyTimes|ApplyTime|TrustedModuleRequiredToBoot|EthernetInterfaceMode)$|AllowableValues$/u;

/** Of an enumeration whose property nobody here knows. */
const words =
  /^(?:enabled|disabled|on|off|true|false|yes|no|ok|warning|critical|auto|automatic|manual|attached|detached|auto ?attach|attach|detach|connected|disconnected|not ?connected|inserted|ejected|active|inactive|idle|running|stopped|ready|legacy|uefi|normal|oem|redirection|read ?only|read ?write|e?html5|iso|img|nfs|cifs|smb|https?)$/iu;

const word = /^[a-z][a-z0-9_]{0,47}(?:[ .]\d[\d.]*)?$/iu;
const version = /^(?=.*\d)[\w.()+,:/ -]{1,64}$/u;
const bootOption = /^Boot[0-9A-F]{4}$/iu;
const link = /^\/redfish(?:[/?#]\S*)?$/u;
const reference = /^\/\S*$/u;
const typeName = /^#[\w.]+$/u;
const identifier = /^[\w.:-]{1,64}$/u;

const isAddressOfResource = (name: string): boolean =>
  /@odata\.(?:id|nextLink|navigationLink)$/u.test(name) || name === "@Redfish.ActionInfo" || name === "target";

const isSchemas = (name: string): boolean => /@odata\.(?:type|context|etag)$/u.test(name);

const isParameter = ({ name, parent }: Place): boolean => name === "Name" && parent === "Parameters";

export const isAllowed = (text: string, place: Place): boolean => {
  const { name, oem } = place;
  if (isSchemas(name) || link.test(text) || typeName.test(text)) return true;
  if (isAddressOfResource(name)) return reference.test(text);
  if (!oem && products.has(name)) return true;
  if (name === "Id") return identifier.test(text);
  if (name === "BootOrder" || name === "BootNext") return bootOption.test(text);
  if (/version$/iu.test(name)) return version.test(text);
  if (harmless.test(name) || enumerations.test(name) || isParameter(place)) return word.test(text) || words.test(text);
  return words.test(text);
};
