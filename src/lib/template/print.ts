import { quote } from "../go-quote.ts";
import { formatG } from "./float.ts";
import { wrap } from "./shape.ts";
import { GoTime } from "./time.ts";
import {
  elements,
  entries,
  Float,
  GoMap,
  GoSlice,
  HeaderRow,
  isObject,
  kindOf,
  plain,
  Row,
  Stringer,
  Struct,
  TypedNil,
  typeName,
} from "./value.ts";

/** A value as Go's `%v` prints it; `plus` as `%+v`, with the names of struct fields. */
export function show(value: unknown, plus = false, depth = 0): string {
  if (value === null || value === undefined) return "<nil>";
  if (typeof value === "string") return value;
  if (value instanceof Float) return showFloat(value.value);
  // A whole JSON number is an int to us; Go would print a large one as a float where it knows no type.
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value).toString() : showFloat(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof GoTime) return value.toString();
  if (value instanceof Stringer) return value.text;
  if (value instanceof TypedNil)
    return value.type.kind === "slice" ? "[]" : value.type.kind === "map" ? "map[]" : "<nil>";
  if (value instanceof Struct) {
    const parts = [...value.shape.fields.values()].map((field) => {
      const text = show(wrap(field.type, value.json[field.json]), plus, depth + 1);
      return plus ? `${field.name}:${text}` : text;
    });
    return `${value.isPointer && depth > 0 ? "&" : ""}{${parts.join(" ")}}`;
  }
  if (value instanceof Row) return `{${Object.keys(value.methods).join(" ")}}`;
  if (Array.isArray(value) || value instanceof GoSlice) {
    return `[${elements(value, wrap)
      .map((item) => show(item, plus, depth + 1))
      .join(" ")}]`;
  }
  if (value instanceof GoMap || value instanceof HeaderRow || isObject(value)) {
    return `map[${entries(value, wrap)
      .map(([key, item]) => `${key}:${show(item, plus, depth + 1)}`)
      .join(" ")}]`;
  }
  return String(value);
}

/** A float64 as `%v`: the shortest digits. */
function showFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return formatG(value, -1);
}

/** `fmt.Sprint`: a space goes between operands of which neither is a string. */
export function sprint(args: readonly unknown[]): string {
  return args
    .map((arg, i) => (i > 0 && typeof arg !== "string" && typeof args[i - 1] !== "string" ? " " : "") + show(arg))
    .join("");
}

export function sprintln(args: readonly unknown[]): string {
  return `${args.map((arg) => show(arg)).join(" ")}\n`;
}

interface Flags {
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  width: number;
  precision: number;
}

/** `fmt.Sprintf`, with Go's own texts for what does not fit. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let out = "";
  let next = 0;
  let reordered = false;
  let i = 0;
  const star = (): number => {
    const value = args[next++];
    return typeof value === "number" ? value : 0;
  };
  while (i < format.length) {
    const percent = format.indexOf("%", i);
    if (percent < 0) {
      out += format.slice(i);
      break;
    }
    out += format.slice(i, percent);
    i = percent + 1;
    const flags: Flags = {
      minus: false,
      plus: false,
      sharp: false,
      space: false,
      zero: false,
      width: -1,
      precision: -1,
    };
    for (; "-+# 0".includes(format[i] ?? "x"); i++) {
      if (format[i] === "-") flags.minus = true;
      else if (format[i] === "+") flags.plus = true;
      else if (format[i] === "#") flags.sharp = true;
      else if (format[i] === " ") flags.space = true;
      else flags.zero = true;
    }
    const number = (): number => {
      if (format[i] === "*") {
        i++;
        return star();
      }
      let digits = "";
      while (/[0-9]/.test(format[i] ?? "")) digits += format[i++];
      return digits === "" ? -1 : Number(digits);
    };
    if (format[i] === "[") {
      const close = format.indexOf("]", i);
      const index = Number(format.slice(i + 1, close));
      if (close > 0 && index >= 1 && index <= args.length) {
        next = index - 1;
        reordered = true;
        i = close + 1;
      }
    }
    flags.width = number();
    if (flags.width < -1) {
      flags.minus = true;
      flags.width = -flags.width;
    }
    if (format[i] === ".") {
      i++;
      flags.precision = Math.max(0, number());
    }
    const verb = String.fromCodePoint(format.codePointAt(i) ?? 0);
    if (i >= format.length) {
      out += "%!(NOVERB)";
      break;
    }
    i += verb.length;
    if (verb === "%") out += "%";
    else if (next >= args.length) out += `%!${verb}(MISSING)`;
    else out += pad(one(verb, args[next++], flags), flags);
  }
  if (!reordered && next < args.length)
    out += `%!(EXTRA ${args
      .slice(next)
      .map((arg) => `${goType(arg)}=${show(arg)}`)
      .join(", ")})`;
  return out;
}

const goType = (value: unknown) => (value === null || value === undefined ? "<nil>" : typeName(value));

function pad(text: string, flags: Flags): string {
  const missing = flags.width - [...text].length;
  if (missing <= 0) return text;
  if (flags.minus) return text + " ".repeat(missing);
  if (flags.zero) {
    const sign = /^[+-]/.test(text) ? text.slice(0, 1) : "";
    return sign + "0".repeat(missing) + text.slice(sign.length);
  }
  return " ".repeat(missing) + text;
}

function one(verb: string, value: unknown, flags: Flags): string {
  if (verb === "T") return goType(value);
  const bad = () =>
    value === null || value === undefined ? `%!${verb}(<nil>)` : `%!${verb}(${goType(value)}=${show(value)})`;
  if (verb === "v") {
    if (flags.sharp && typeof value === "string") return quote(value);
    if (flags.sharp && value instanceof TypedNil) return `${typeName(value)}(nil)`;
    return typeof value === "string" && flags.precision >= 0
      ? [...value].slice(0, flags.precision).join("")
      : show(value, flags.plus);
  }
  const kind = kindOf(value);
  if (kind === "slice" && verb !== "T") {
    return `[${elements(value, wrap)
      .map((item) => one(verb, item, flags))
      .join(" ")}]`;
  }
  if (kind === "map")
    return `map[${entries(value, wrap)
      .map(([key, item]) => `${one(verb, key, flags)}:${one(verb, item, flags)}`)
      .join(" ")}]`;
  if (kind === "bool") return verb === "t" ? String(value) : bad();
  if (kind === "int" && !(verb === "s" && value instanceof Stringer))
    return integer(verb, typeof value === "bigint" ? value : BigInt(Number(plain(value))), flags) ?? bad();
  if (kind === "float") return float(verb, value instanceof Float ? value.value : Number(value), flags) ?? bad();
  const text =
    kind === "string"
      ? String(value)
      : value instanceof GoTime
        ? value.toString()
        : value instanceof Stringer
          ? value.text
          : null;
  if (text !== null) {
    const cut = flags.precision >= 0 ? [...text].slice(0, flags.precision).join("") : text;
    if (verb === "s") return cut;
    if (verb === "q") return flags.sharp && !cut.includes("`") ? `\`${cut}\`` : quote(cut);
    if (verb === "x" || verb === "X") {
      const prefix = flags.sharp ? `0${verb}` : "";
      const bytes = [...Buffer.from(cut)].map((byte) => byte.toString(16).padStart(2, "0"));
      const hex = flags.space ? bytes.map((byte) => prefix + byte).join(" ") : prefix + bytes.join("");
      return verb === "X" ? hex.toUpperCase() : hex;
    }
    return bad();
  }
  if (verb === "s" && value instanceof Struct) {
    const parts = [...value.shape.fields.values()].map((field) =>
      one(verb, wrap(field.type, value.json[field.json]), flags),
    );
    return `{${parts.join(" ")}}`;
  }
  return bad();
}

function integer(verb: string, value: bigint, flags: Flags): string | null {
  const sign = value < 0n ? "-" : flags.plus ? "+" : flags.space ? " " : "";
  const size = value < 0n ? -value : value;
  const digits = (text: string, prefix = "") =>
    sign + (flags.sharp ? prefix : "") + text.padStart(flags.precision, "0");
  switch (verb) {
    case "d":
      return digits(size.toString());
    case "b":
      return digits(size.toString(2), "0b");
    case "o":
      return digits(size.toString(8), "0");
    case "O":
      return `${sign}0o${size.toString(8)}`;
    case "x":
      return digits(size.toString(16), "0x");
    case "X":
      return digits(size.toString(16).toUpperCase(), "0X");
    case "c":
      return String.fromCodePoint(Number(size));
    case "q":
      return quote(String.fromCodePoint(Number(size)), "'");
    case "U":
      return `U+${size.toString(16).toUpperCase().padStart(4, "0")}`;
    default:
      return null;
  }
}

function float(verb: string, value: number, flags: Flags): string | null {
  const sign = value >= 0 ? (flags.plus ? "+" : flags.space ? " " : "") : "";
  switch (verb) {
    case "f":
    case "F":
      return sign + value.toFixed(flags.precision < 0 ? 6 : flags.precision);
    case "e":
    case "E": {
      const text = value.toExponential(flags.precision < 0 ? 6 : flags.precision).replace(/e([+-])(\d)$/, "e$10$2");
      return sign + (verb === "E" ? text.toUpperCase() : text);
    }
    case "g":
      return sign + formatG(value, flags.precision);
    case "G":
      return sign + formatG(value, flags.precision).toUpperCase();
    default:
      return null;
  }
}
