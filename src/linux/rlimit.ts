import { check, libc, ptr } from "./syscall.ts";

/** Resources of getrlimit(2), by name without `RLIMIT_`; the numbers are those of all but a few old architectures. */
const resources = {
  CPU: 0,
  FSIZE: 1,
  DATA: 2,
  STACK: 3,
  CORE: 4,
  RSS: 5,
  NPROC: 6,
  NOFILE: 7,
  MEMLOCK: 8,
  AS: 9,
  LOCKS: 10,
  SIGPENDING: 11,
  MSGQUEUE: 12,
  NICE: 13,
  RTPRIO: 14,
  RTTIME: 15,
} as const;

const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/** Sets a limit of another process; `name` without `RLIMIT_`, -1 and beyond what a number can say: no limit. */
export function setLimit(pid: number, name: string, soft: number, hard: number): void {
  const resource = Object.entries(resources).find(([known]) => known === name)?.[1];
  if (resource === undefined) throw new TypeError(`no such limit: ${name}`);
  const word = (value: number) => (value < 0 || value >= Number(RLIM_INFINITY) ? RLIM_INFINITY : BigInt(value));
  check(libc.prlimit64(pid, resource, ptr(BigUint64Array.of(word(soft), word(hard))), null), "prlimit", name);
}

/** This process's hard limits; those without a limit are left out. */
export function hardLimits(): Record<string, number> {
  const limits: Record<string, number> = {};
  const pair = new BigUint64Array(2);
  for (const [name, resource] of Object.entries(resources)) {
    check(libc.getrlimit(resource, ptr(pair)), "getrlimit", name);
    const hard = pair[1] ?? RLIM_INFINITY;
    if (hard !== RLIM_INFINITY) limits[name] = Number(hard);
  }
  return limits;
}
