// Which files of an attachment's image the BMC was sent, in one line for people; `--json` has all of them.
import { formatTimeOfDay } from "../render.ts";
import { driveVersionOf, versionReadOf } from "../../core/drive-paths.ts";
import type { AttachmentJson } from "../views.ts";

type Reads = NonNullable<AttachmentJson["reads"]>;
type File = NonNullable<Reads["files"]>[number];

const mostNames = 8;

const isComplete = ({ readBytes, sizeBytes }: File): boolean => readBytes === sizeBytes;

const fileText = (file: File, name: string): string => {
  if (!isComplete(file)) return `${name} ${file.readBytes} of ${file.sizeBytes} bytes`;
  return file.completeAt === undefined ? `${name} (empty)` : `${name} ${formatTimeOfDay(file.completeAt)}`;
};

const shorten = (names: readonly string[]): string =>
  names.length <= mostNames
    ? names.join(", ")
    : `${names.slice(0, mostNames).join(", ")} and ${names.length - mostNames} more`;

const readOf = (files: readonly File[]): number =>
  files.every(isComplete) ? Infinity : files.reduce((sum, { readBytes }) => sum + readBytes, 0);

/** That which was read in full, or most of, since not all readers take the same; of several, that which cloud-init takes. */
const versionOf = (files: readonly File[]): string | undefined => {
  const versions = Map.groupBy(files, ({ path }) => driveVersionOf(path) ?? "");
  versions.delete("");
  const most = Math.max(...[...versions.values()].map(readOf));
  const read = [...versions].flatMap(([version, its]) => (readOf(its) === most ? [version] : [])).toSorted();
  const preferred = versionReadOf(new Set(read));
  return read.includes(preferred) ? preferred : read.at(-1);
};

const piecesText = (files: readonly File[], leftOut: number): string => {
  const folder = `openstack/${versionOf(files)}/`;
  const ofVersion = files.filter(({ path }) => path.startsWith(folder));
  const shown = ofVersion.length > 0 ? ofVersion : files;
  const named = (path: string): string => (path.startsWith(folder) ? path.slice(folder.length) : path);
  const touched = shown.filter((file) => file.readBytes > 0);
  const missing = shown.filter((file) => file.readBytes === 0 && file.sizeBytes > 0);
  const parts = [
    ...(touched.length === 0 ? [] : [shorten(touched.map((file) => fileText(file, named(file.path))))]),
    ...(missing.length === 0 ? [] : [`not read: ${shorten(missing.map(({ path }) => named(path)))}`]),
  ];
  const others = files.length - shown.length;
  const complete = files.filter(isComplete).length - shown.filter(isComplete).length;
  const rest = [
    ...(others === 0 ? [] : [`and ${complete} of ${others} others`]),
    ...(leftOut === 0 ? [] : [`${leftOut} more are not listed`]),
  ];
  return `${parts.join("; ")}${rest.length === 0 ? "" : ` (${rest.join("; ")})`}`;
};

export const filesReadText = ({ reads }: AttachmentJson): string | undefined => {
  if (reads?.pattern === undefined || reads.pattern === "none") return undefined;
  if (reads.pattern === "download") return "read by the BMC at large: what of it the machine read cannot be told";
  return reads.files === undefined ? undefined : piecesText(reads.files, reads.filesLeftOut ?? 0);
};
