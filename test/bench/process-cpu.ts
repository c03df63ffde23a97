// CPU time of a process and all its descendants, from /proc.
import { readFile } from "node:fs/promises";

/** Linux counts in 1/100 s, whatever the kernel's own tick (USER_HZ). */
const microsPerTick = 10_000;

const readChildren = async (pid: number): Promise<readonly number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ").filter(Boolean).map(Number);

/** utime + stime of `pid` and of everything below it, in microseconds. */
export const cpuMicroseconds = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The command's name stands in parentheses and may hold spaces: fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const own = (Number(fields[11]) + Number(fields[12])) * microsPerTick;
  const children = await Promise.all((await readChildren(pid)).map(cpuMicroseconds));
  return children.reduce((sum, micros) => sum + micros, own);
};
