import { show } from "./print.ts";
import { GoTime } from "./time.ts";
import { kindOf, plain, TypedNil, typeName } from "./value.ts";

/** `eq` of two values; throws where Go finds them not comparable. */
export function equal(a: unknown, b: unknown): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  const kind = kindOf(a);
  for (const [value, itsKind] of [
    [a, kind],
    [b, kindOf(b)],
  ] as const) {
    if (itsKind === "slice" || itsKind === "map")
      throw new Error(`non-comparable type ${show(value)}: ${typeName(value)}`);
  }
  if (kind !== kindOf(b)) throw new Error("incompatible types for comparison");
  if (kind === "struct") return a instanceof GoTime && b instanceof GoTime ? a.nanos === b.nanos : a === b;
  return order(a, b) === 0;
}

/** Below, at or above zero as `a` is to `b`; only numbers and strings are ordered. */
export function basicCompare(a: unknown, b: unknown): number {
  const kind = kindOf(a);
  if (!isBasic(kind) || !isBasic(kindOf(b))) throw new Error("invalid type for comparison");
  if (kind !== kindOf(b)) throw new Error("incompatible types for comparison");
  if (kind === "bool") throw new Error("invalid type for comparison");
  return order(a, b);
}

const isBasic = (kind: string) => kind === "bool" || kind === "int" || kind === "float" || kind === "string";

function isNil(value: unknown): boolean {
  return value === undefined || value === null || value instanceof TypedNil;
}

function order(a: unknown, b: unknown): number {
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === "boolean") return a === b ? 0 : 1;
  const [x, y] = [plain(a), plain(b)];
  if ((typeof x === "number" || typeof x === "bigint") && (typeof y === "number" || typeof y === "bigint"))
    return x < y ? -1 : x > y ? 1 : 0;
  return 1;
}
