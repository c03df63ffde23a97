// Parses server-sent events (WHATWG HTML §9.2.6): fields to a blank line, comments ignored.

export interface ServerEvent {
  readonly id?: string;
  readonly type: string;
  readonly data: string;
}

const parseBlock = (block: string): ServerEvent | undefined => {
  let id: string | undefined;
  let type = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id") id = value;
    if (name === "event") type = value;
    if (name === "data") data.push(value);
  }
  if (data.length === 0 && type === "message") return undefined;
  return { type, data: data.join("\n"), ...(id === undefined ? {} : { id }) };
};

/** Events as they come; one that the stream's end cut short is dropped, as the standard says. */
export const serverEvents = async function* (
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerEvent, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    // A CR that ends a chunk may be half of a CRLF: it waits for the next one.
    const text = `${rest}${decoder.decode(chunk, { stream: true })}`;
    const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
    const blocks = whole.replaceAll(/\r\n?/g, "\n").split("\n\n");
    rest = `${blocks.pop() ?? ""}${text.endsWith("\r") ? "\r" : ""}`;
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event !== undefined) yield event;
    }
  }
};
