// The parameters of an insert (DSP0268 VirtualMedia.InsertMedia): what there is to say beside Image, and what this BMC wants said.
import type { Medium } from "../../../core/driver.ts";
import type { UrlRules } from "../../../core/media.ts";
import { type LearntSlot, present } from "../memory.ts";
import type { OwnParameter } from "../quirks/media.ts";
import { actionInfo } from "../schema.ts";
import { isOk } from "../service/message.ts";
import type { Body } from "../service/negotiate.ts";
import { fillText } from "../service/steps.ts";
import { type MediaParts, mediumValues } from "./parts.ts";

/** The slot with what its ActionInfo declares, which is read once. A service that does not answer it declares nothing. */
export const declared = async ({ service, slots }: MediaParts, slotId: string): Promise<LearntSlot> => {
  const slot = await slots.find(slotId);
  const { method } = service.quirks.insert;
  if (slot.insertInfo === undefined || slot.required !== undefined || method === "patch" || method === "oem")
    return slot;
  const reply = await service.send({ method: "GET", path: slot.insertInfo });
  const { Parameters } = actionInfo.parse(isOk(reply) ? reply.body : {});
  const required = Parameters.flatMap(({ Name, Required }) => (Required && Name !== undefined ? [Name] : []));
  const values = Parameters.find(({ Name }) => Name === "TransferProtocolType")?.AllowableValues ?? [];
  slots.learn(slotId, { required, ...(values.length > 0 ? { transports: values } : {}) });
  return slots.find(slotId);
};

const schemeOf = (transport: string): string => transport.toLowerCase().replace(/^smb$/, "cifs");

/** The profile's schemes, of which the slot's own declaration may leave fewer; where it leaves none, its own are told. */
export const urlRulesOf = async (parts: MediaParts, slotId: string): Promise<UrlRules> => {
  const { transports } = await declared(parts, slotId);
  const { schemes, maxLength, forbidden, family } = parts.service.quirks.url;
  const offered = (transports ?? schemes).map(schemeOf);
  const both = schemes.filter((scheme) => offered.includes(scheme));
  return { schemes: both.length > 0 ? both : offered, family, ...present({ maxLength, forbidden }) };
};

/** What may be sent beside Image, by name. */
export const extrasFor = (parts: MediaParts, slot: LearntSlot, medium: Medium): Body => {
  const { omit, values, certificate } = parts.service.quirks.insert;
  const templates = mediumValues(parts, slot, medium);
  const wanted = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "string" ? fillText(value, templates) : value,
  ]);
  const own: Record<OwnParameter, unknown> = {
    TransferProtocolType: templates["protocol"],
    TransferMethod: "Stream",
    Inserted: true,
    WriteProtected: true,
    // Some insist on credentials even where the URL needs none.
    UserName: "none",
    Password: "none",
  };
  const all: Body = {
    ...own,
    ...(certificate === "parameter" && medium.ca !== undefined ? { Certificate: medium.ca } : {}),
    ...Object.fromEntries(wanted),
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => !omit.includes(name)));
};

/** What was accepted before; else what is declared as required. PATCH needs Inserted to have any effect with many. */
export const firstBody = (
  parts: MediaParts,
  slot: LearntSlot,
  method: "POST" | "PATCH",
  url: string,
  extras: Body,
): Body => {
  const { quirks } = parts.service;
  const accepted = parts.knowledge.learnt.insertParameters;
  const names = accepted ?? (method === "PATCH" ? ["Inserted"] : (slot.required ?? []));
  const sent = [...new Set([...names, ...quirks.insert.always, "Certificate"])].filter((name) => name in extras);
  return { Image: url, ...Object.fromEntries(sent.map((name) => [name, extras[name]])) };
};
