// The reply to a PATCH that was done: the resource as it is now, or less (DSP0266, clause "PATCH").
import { type Reply, successReply } from "./http/replies.ts";
import type { PartContext } from "./part.ts";

export const patchedReply = ({ personality, world }: PartContext, uri: string): Reply => {
  const { patchReply, messages } = personality.http;
  if (patchReply === "message") return successReply(messages);
  const body = patchReply === "resource" ? world.find(uri) : undefined;
  return body === undefined ? { status: 204 } : { status: 200, body };
};
