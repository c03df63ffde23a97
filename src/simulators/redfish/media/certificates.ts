// Certificates of a slot (VirtualMedia schema 1.4): what an https image server is trusted by.
import { X509Certificate } from "node:crypto";
import { RedfishFailure } from "../http/failure.ts";
import type { Reply } from "../http/replies.ts";
import type { Call, Handlers } from "../part.ts";
import { isObject, type Resource, textOf } from "../resources/tree.ts";
import { badValue, missingName } from "./refusals.ts";
import type { Slot } from "./slot.ts";

export const certificatesSuffix = "/Certificates";

const certificateResource = (uri: string, id: number, pem: string): Resource => {
  const { subject, issuer, validFrom, validTo } = new X509Certificate(pem);
  return {
    "@odata.type": "#Certificate.v1_7_0.Certificate",
    "@odata.id": uri,
    Id: String(id),
    Name: `Certificate ${id}`,
    CertificateType: "PEM",
    CertificateString: pem,
    Subject: { CommonName: /CN=(.*)/u.exec(subject)?.[1] ?? "" },
    Issuer: { CommonName: /CN=(.*)/u.exec(issuer)?.[1] ?? "" },
    ValidNotBefore: new Date(validFrom).toISOString(),
    ValidNotAfter: new Date(validTo).toISOString(),
  };
};

const collectionResource = (uri: string, slot: Slot): Resource => ({
  "@odata.type": "#CertificateCollection.CertificateCollection",
  "@odata.id": uri,
  Name: "Certificate Collection",
  "Members@odata.count": slot.certificates.size,
  Members: [...slot.certificates.keys()].map((id) => ({ "@odata.id": `${uri}/${id}` })),
});

/** The collection at `uri` of `slot`, or the certificate with this number in it. */
export const certificatesAt = (slot: Slot, uri: string, id: number | undefined): Resource | undefined => {
  if (id === undefined) return collectionResource(uri, slot);
  const pem = slot.certificates.get(id);
  return pem === undefined ? undefined : certificateResource(`${uri}/${id}`, id, pem);
};

const isPem = (text: string): boolean => {
  try {
    return new X509Certificate(text).subject.length > 0;
  } catch (error) {
    // OpenSSL's own complaint about the text.
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
};

const add = (slot: Slot, limit: number, call: Call): Reply => {
  const body = isObject(call.body) ? call.body : {};
  const pem = textOf(body["CertificateString"]);
  if (pem === undefined) throw missingName("patch", "CertificateString");
  const bad = { what: "FormatError", name: "CertificateString", value: pem, condition: "parameterValue" } as const;
  if (!isPem(pem)) throw badValue("patch", bad);
  if (slot.certificates.size >= limit)
    throw new RedfishFailure(409, "ResourceInUse", { condition: "certificateLimit" });
  const id = Math.max(0, ...slot.certificates.keys()) + 1;
  slot.certificates.set(id, pem);
  const uri = `${call.uri}/${id}`;
  return { status: 201, headers: { Location: uri }, body: certificateResource(uri, id, pem) };
};

export const certificateHandlers = (slot: Slot, id: number | undefined, limit: number): Handlers =>
  id === undefined
    ? { POST: async (call) => add(slot, limit, call) }
    : {
        DELETE: async () => {
          slot.certificates.delete(id);
          return { status: 204 };
        },
      };
