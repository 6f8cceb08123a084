import { formatRfc3339Nano } from "../lib/rfc3339.ts";
import { check, libc, ptr } from "./syscall.ts";

const CLOCK_REALTIME = 0;

/** The wall clock: nanoseconds since 1970. The kernel's own, which logs and files have their times from too. */
export function nowNano(): bigint {
  const time = new BigInt64Array(2);
  check(libc.clock_gettime(CLOCK_REALTIME, ptr(time)), "clock_gettime");
  return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
}

/** The same as RFC 3339, as Docker writes times. */
export function timeNow(): string {
  return formatRfc3339Nano(nowNano());
}
