// What many a use case asks of the attachments, or does to one.
import type { AttachmentFilter, AttachmentStore } from "../core/ports.ts";
import type { AttachmentRecord } from "../core/records.ts";
import type { GatewayDeps } from "./deps.ts";

/** Page by page. */
export const allOf = async (
  attachments: AttachmentStore,
  filter: AttachmentFilter,
): Promise<readonly AttachmentRecord[]> => {
  const found: AttachmentRecord[] = [];
  let after: string | undefined;
  do {
    const page = await attachments.list({ limit: 1000, ...(after === undefined ? {} : { after }) }, filter);
    found.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return found;
};

/** Those that really have the member: the store looks for its name alone. */
export const allWith = async (
  attachments: AttachmentStore,
  filter: AttachmentFilter & { readonly has: NonNullable<AttachmentFilter["has"]> },
): Promise<readonly AttachmentRecord[]> =>
  (await allOf(attachments, filter)).filter((item) => item[filter.has] !== undefined);

/** Once, however often it is said. */
export const addWarning = async (
  { attachments }: Pick<GatewayDeps, "attachments">,
  id: string,
  text: string,
): Promise<void> => {
  const { warnings } = await attachments.get(id);
  if (!warnings.includes(text)) await attachments.update(id, { warnings: [...warnings, text] });
};
