// Finds the sessions that a crashed predecessor of ours may have opened without ever learning their tokens. Whatever is not certainly
// ours, by user, time and address together, is left alone.
import { collection, sessionResource } from "../schema.ts";
import { isOk, type Reply } from "./message.ts";

export interface OurSessions {
  readonly username: string;
  /** Epoch milliseconds of the earliest login that may have been lost. */
  readonly since: number;
  readonly localAddresses: ReadonlySet<string>;
}

/** CreatedTime has whole seconds on many BMCs. */
const roundingMs = 1000;

const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase();

/** The paths of those sessions. `get` reads with our credentials. */
export const findStaleSessions = async (
  get: (path: string) => Promise<Reply>,
  sessionsPath: string,
  ours: OurSessions,
): Promise<readonly string[]> => {
  const listing = await get(sessionsPath);
  if (!isOk(listing)) return [];
  const found: string[] = [];
  for (const member of collection.parse(listing.body).Members) {
    const path = member["@odata.id"];
    if (path === undefined) continue;
    const reply = await get(path);
    if (isOk(reply) && isOurs(reply.body, ours)) found.push(path);
  }
  return found;
};

const isOurs = (body: unknown, { username, since, localAddresses }: OurSessions): boolean => {
  const { UserName, CreatedTime, ClientOriginIPAddress } = sessionResource.parse(body);
  if (UserName !== username || CreatedTime === undefined || ClientOriginIPAddress === undefined) return false;
  const createdAt = Date.parse(CreatedTime);
  if (!(createdAt >= since - roundingMs)) return false;
  return localAddresses.has(plainAddress(ClientOriginIPAddress));
};
