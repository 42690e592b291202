import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports process times in ticks of this length to user space, whatever the kernel's own tick. */
const TICK_US = 10_000;
const PAGE_BYTES = 4096;
const MIB = 1024 * 1024;

/** The fields of /proc/PID/stat that follow the program's name, which may hold blanks and brackets itself. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** User and system time a process has used, microseconds; 0 once it is gone, or where there is no /proc. */
export function cpuUs(pid: number): number {
  const stat = statOf(pid);
  return stat === undefined ? 0 : (Number(stat[11]) + Number(stat[12])) * TICK_US;
}

/** The same of a process and its children, those that ended and were waited for included. */
export function familyCpuUs(pid: number): number {
  const own = statOf(pid);
  if (own === undefined) return 0;
  let total = (Number(own[11]) + Number(own[12]) + Number(own[13]) + Number(own[14])) * TICK_US;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat !== undefined && Number(stat[1]) === pid)
      total += (Number(stat[11]) + Number(stat[12])) * TICK_US;
  }
  return total;
}

/** Resident set, MiB. Throws where there is no /proc: a memory figure can't be made up. */
export function rssMib(pid: number): number {
  const resident = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1];
  return (Number(resident) * PAGE_BYTES) / MIB;
}

export type RssSampler = {
  /** The samples since the last call, MiB. */
  take(): number[];
  stop(): void;
};

/** Looks at a process's resident set every `everyMs`. A process that is gone gives no more samples. */
export function sampleRss(pid: number, everyMs = 20): RssSampler {
  let samples: number[] = [];
  const sample = () => {
    try {
      samples.push(rssMib(pid));
    } catch {
      clearInterval(timer);
    }
  };
  const timer = setInterval(sample, everyMs);
  return {
    take() {
      // What is shorter than the interval has one all the same.
      if (samples.length === 0) sample();
      const taken = samples;
      samples = [];
      return taken;
    },
    stop: () => clearInterval(timer),
  };
}
