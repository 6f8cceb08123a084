const second = 1_000_000_000n;

/**
 * RFC 3339 in UTC, as Go's RFC3339Nano: as many digits after the point as needed, none for a whole second.
 * `nanoseconds` since 1970.
 */
export function formatRfc3339Nano(nanoseconds: bigint): string {
  const seconds = nanoseconds / second - (nanoseconds % second < 0n ? 1n : 0n);
  const fraction = (nanoseconds - seconds * second).toString().padStart(9, "0").replace(/0+$/, "");
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction && `.${fraction}`}Z`;
}

/** RFC 3339 in UTC, to the second: `2026-01-02T03:04:05Z`. */
export function rfc3339Seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Now, to the second, as names of files have it: `20260102T030405Z`. */
export function compactTime(): string {
  return new Date().toISOString().replace(/[-:]|\.\d+/g, "");
}
