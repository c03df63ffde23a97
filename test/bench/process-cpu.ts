// CPU time of a process and all its descendants, from /proc.
import { readFile } from "node:fs/promises";

/** Linux counts in 1/100 s, whatever the kernel's own tick (USER_HZ). */
const microsPerTick = 10_000;

const readChildren = async (pid: number): Promise<readonly number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ").filter(Boolean).map(Number);

export interface CpuTime {
  readonly userMicros: number;
  readonly kernelMicros: number;
}

/** utime and stime of `pid` and of everything below it. */
export const cpuTime = async (pid: number): Promise<CpuTime> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The command's name stands in parentheses and may hold spaces: fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const own = { userMicros: Number(fields[11]) * microsPerTick, kernelMicros: Number(fields[12]) * microsPerTick };
  const children = await Promise.all((await readChildren(pid)).map(cpuTime));
  return children.reduce(
    (sum, child) => ({
      userMicros: sum.userMicros + child.userMicros,
      kernelMicros: sum.kernelMicros + child.kernelMicros,
    }),
    own,
  );
};
