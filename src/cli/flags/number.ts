import { goBoolean } from "../../lib/go-boolean.ts";

/** Numbers and booleans in Go's strconv syntax, with its error texts. */

export function parseBool(text: string): boolean {
  const value = goBoolean(text);
  if (value !== null) return value;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

const bases: Record<string, [RegExp, number]> = {
  x: [/^[0-9a-f]+(_[0-9a-f]+)*$/i, 16],
  o: [/^[0-7]+(_[0-7]+)*$/, 8],
  b: [/^[01]+(_[01]+)*$/, 2],
};

function magnitude(digits: string): bigint | null {
  const prefix = /^0([xob])_?(.*)$/i.exec(digits);
  if (prefix) {
    const base = bases[(prefix[1] ?? "").toLowerCase()];
    const rest = prefix[2] ?? "";
    return base?.[0].test(rest) ? BigInt(`0${prefix[1]?.toLowerCase()}${rest.replaceAll("_", "")}`) : null;
  }
  if (/^0_?[0-7]+(_[0-7]+)*$/.test(digits)) return BigInt(`0o${digits.slice(1).replaceAll("_", "")}`);
  return /^(0|[1-9][0-9]*(_[0-9]+)*)$/.test(digits) ? BigInt(digits.replaceAll("_", "")) : null;
}

function parse(func: string, text: string, signed: boolean, min: bigint, max: bigint): number {
  const match = (signed ? /^([+-]?)(.+)$/ : /^()(.+)$/).exec(text);
  const value = match ? magnitude(match[2] ?? "") : null;
  if (value === null) throw new Error(`strconv.${func}: parsing ${JSON.stringify(text)}: invalid syntax`);
  const result = match?.[1] === "-" ? -value : value;
  if (result < min || result > max)
    throw new Error(`strconv.${func}: parsing ${JSON.stringify(text)}: value out of range`);
  return Number(result);
}

export function parseInteger(text: string, bits: 32 | 64 = 64): number {
  const limit = 1n << BigInt(bits - 1);
  return parse("ParseInt", text, true, -limit, limit - 1n);
}

export function parseUnsigned(text: string, bits: 16 | 32 | 64 = 64): number {
  return parse("ParseUint", text, false, 0n, (1n << BigInt(bits)) - 1n);
}

/**
 * `--cpus 1.5` in billionths of a CPU: a decimal, with an exponent or as a fraction (`1/2`), of at most nine places.
 */
export function parseNanoCpus(text: string): number {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,2}))?(?:\/(\d+))?$/i.exec(text);
  const [, sign, whole = "", fraction = "", exponent = "0", divisor = "1"] = match ?? [];
  const places = BigInt(fraction.length - Number(exponent));
  if (!match || whole + fraction === "" || /^0+$/.test(divisor))
    throw new Error(`failed to parse ${text} as a rational number`);
  const billionths = BigInt(whole + fraction) * 1_000_000_000n * (places < 0n ? 10n ** -places : 1n);
  const scale = BigInt(divisor) * (places > 0n ? 10n ** places : 1n);
  if (billionths % scale !== 0n) throw new Error("value is too precise");
  return Number(sign === "-" ? -(billionths / scale) : billionths / scale);
}
