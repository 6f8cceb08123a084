import { invalid } from "../../lib/errors.ts";

const units: Record<string, number> = { "": 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Bytes of `64M`, `64MiB`, `67108864`; units are powers of 1024. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])i?b?|(b?))$/i.exec(text.trim());
  if (!match) throw invalid(`invalid size: '${text}'`);
  return Math.floor(Number(match[1]) * 1024 ** (units[(match[2] ?? "").toLowerCase()] ?? 0));
}
