import type { OciProcess, OciResources, OciSpec } from "./runtime.ts";

declare global {
  interface JSON {
    /** ES2026; TypeScript 7.0 does not declare it yet. */
    rawJSON(text: string): unknown;
  }
}

/** `RLIM_INFINITY` stands for "no limit" in an OciRlimit. The kernel's own, 2^64 - 1, is no number of JavaScript's. */
export const RLIM_INFINITY = 2 ** 64;

/** JSON for a runtime to read, with 64-bit limits written out exactly. */
export function encodeRuntimeJson(document: OciSpec | OciProcess | OciResources): string {
  return JSON.stringify(document, (_, value: unknown) =>
    value === RLIM_INFINITY ? JSON.rawJSON("18446744073709551615") : value,
  );
}
