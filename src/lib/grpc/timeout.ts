const units: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
/** Timers hold no longer. */
const longest = 2 ** 31 - 1;

/** Milliseconds of a `grpc-timeout` header; undefined where there is none that can be read. */
export function parseTimeout(text: string | undefined): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text ?? "") ?? [];
  if (digits === undefined) return undefined;
  return Math.min(longest, Math.ceil(Number(digits) * (units[unit] ?? 1)));
}

/** The `grpc-timeout` header for so many milliseconds. */
export function formatTimeout(milliseconds: number): string {
  const whole = Math.max(1, Math.ceil(milliseconds));
  return whole < 1e8 ? `${whole}m` : `${Math.min(99_999_999, Math.ceil(whole / 1000))}S`;
}
