// `scheme://container/object`: how an object of a store is named in a URI (RFC 3986), and how its name goes into an HTTP path.
import { MediabayError } from "../../core/errors.ts";

export interface ObjectName {
  readonly container: string;
  /** May hold slashes. */
  readonly object: string;
}

const invalid = (why: string): MediabayError =>
  new MediabayError("INVALID_REQUEST", `The source's URI is malformed: ${why}.`, { field: "source.uri" });

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw invalid("a % is followed by no UTF-8 text");
  }
};

/**
 * Percent-encoded octets stand for themselves; `?` and `#` belong to a name only when they are encoded.
 * @throws MediabayError INVALID_REQUEST
 */
export const parseObjectUri = (uri: string): ObjectName => {
  const [, scheme = "", rest = ""] = /^([a-z0-9]+):\/\/(.*)$/is.exec(uri) ?? [];
  const shape = `${scheme.toLowerCase()}://container/object`;
  const [, container, object] = /^([^/?#]+)\/([^?#]+)$/s.exec(rest) ?? [];
  if (container === undefined || object === undefined) throw invalid(`it is not ${shape}, with ? as %3F and # as %23`);
  if (container.includes("@")) throw invalid("an object's URI carries no user; name a credential beside it");
  const name = { container: decoded(container), object: decoded(object) };
  if (name.container.includes("/")) throw invalid("the container's name holds a slash");
  // Every URL parser takes such segments for steps in a path, however they are spelt.
  if ([name.container, ...name.object.split("/")].some((segment) => segment === "." || segment === ".."))
    throw invalid("an object whose name holds the path segment . or .. cannot be asked for over HTTP");
  return name;
};

/** RFC 3986 unreserved characters stay, all others are encoded: what every store's signature is made over. */
const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Without a slash before it. */
export const pathOfObject = (object: string): string => object.split("/").map(encodeSegment).join("/");

/** One spelling for each name. */
export const keyOfObject = (scheme: string, { container, object }: ObjectName): string =>
  `${scheme}://${encodeSegment(container)}/${pathOfObject(object)}`;
