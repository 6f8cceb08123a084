import { own } from "../../lib/own.ts";
import { didYouMean } from "./distance.ts";
import type { RunMount } from "./instructions.ts";
import { DockerfileError, type Range } from "./source.ts";

const types = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
const sharings = ["shared", "private", "locked"] as const;
const units: Record<string, number> = {
  "": 1,
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
};
const yes = ["1", "t", "T", "TRUE", "true", "True"];
const no = ["0", "f", "F", "FALSE", "false", "False"];

/** Where a `RUN --mount=` takes its files from, which has to be known before anything is built. */
export function mountFrom(text: string, range: Range): string | undefined {
  const from = fieldsOf(text)
    .findLast((field) => /^from=/i.test(field))
    ?.slice("from=".length);
  if (from !== undefined && /\$./.test(from))
    throw new DockerfileError("'from' doesn't support variable expansion, define alias stage instead", range, {
      near: `from=${from}`,
    });
  return from;
}

/**
 * Reads the value of `RUN --mount=`, a comma-separated list of `key=value` and bare keys, in its order. `expand`: puts
 * variables in place.
 */
export function parseRunMount(text: string, range: Range, expand: (value: string) => string): RunMount {
  const refuse = (near: string) => (message: string) => {
    throw new DockerfileError(message, range, { near });
  };
  const mount: RunMount = { type: "bind" };
  for (const field of fieldsOf(text)) {
    const fail: Field["fail"] = refuse(field);
    const equals = field.indexOf("=");
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : expand(field.slice(equals + 1));
    const set = own(setters, key);
    if (set) set(mount, { text: field, key, value, fail });
    else if (value === undefined) fail(`invalid field '${field}' must be a key=value pair`);
    else fail(`unexpected key '${key}' in '${field}'${didYouMean(key, Object.keys(setters))}`);
  }
  check(mount, refuse(text));
  return mount;
}

/** One `key=value` of a mount, or a bare key: without a value. */
interface Field {
  text: string;
  key: string;
  value: string | undefined;
  fail: (message: string) => never;
}

const source: Setter = (mount, field) => void (mount.source = needed(field));
const target: Setter = (mount, field) => void (mount.target = needed(field));
const readonly: Setter = (mount, field) => void (mount.readonly = flag(field));
const writable: Setter = (mount, field) => void (mount.readonly = !flag(field));

type Setter = (mount: RunMount, field: Field) => void;

/** What each key sets, in the order in which misspelt ones are compared with them. */
const setters: Record<string, Setter> = {
  type: (mount, field) => void (mount.type = oneOf(types, "mount type", field)),
  from: (mount, field) => void (mount.from = needed(field)),
  source,
  target,
  readonly,
  id: (mount, field) => void (mount.id = needed(field)),
  sharing: (mount, field) => void (mount.sharing = oneOf(sharings, "sharing value", field)),
  required: (mount, field) => {
    only(mount, field, "secret", "ssh");
    mount.required = flag(field);
  },
  size: (mount, field) => {
    only(mount, field, "tmpfs");
    mount.size = bytes(field);
  },
  mode: (mount, field) => void (mount.mode = integer(field, 8)),
  uid: (mount, field) => void (mount.uid = integer(field, 10)),
  gid: (mount, field) => void (mount.gid = integer(field, 10)),
  src: source,
  dst: target,
  destination: target,
  ro: readonly,
  rw: writable,
  readwrite: writable,
  env: (mount, field) => void (mount.env = needed(field)),
};

function needed({ text, value, fail }: Field): string {
  return value ?? fail(`invalid field '${text}' must be a key=value pair`);
}

/** A bare key says yes. */
function flag({ key, value, fail }: Field): boolean {
  if (value === undefined || yes.includes(value)) return true;
  if (no.includes(value)) return false;
  return fail(`invalid value for ${key}: ${value}`);
}

function integer(field: Field, radix: 8 | 10): number {
  const digits = needed(field);
  const value = (radix === 8 ? /^[0-7]+$/ : /^\d+$/).test(digits) ? Number.parseInt(digits, radix) : Infinity;
  return value < 2 ** 32 ? value : field.fail(`invalid value ${digits} for ${field.key}`);
}

/** A size with its unit: `10m`. */
function bytes(field: Field): number {
  const [, amount, unit] = /^(\d+)([a-z]*)$/i.exec(needed(field)) ?? [];
  const factor = units[(unit ?? "?").toLowerCase()];
  if (amount === undefined || factor === undefined) return field.fail(`invalid value for size: ${field.value}`);
  return Number(amount) * factor;
}

function oneOf<Word extends string>(words: readonly Word[], what: string, field: Field): Word {
  const given = needed(field);
  return (
    words.find((word) => word === given.toLowerCase()) ??
    field.fail(`unsupported ${what} "${given}"${didYouMean(given, words)}`)
  );
}

function only({ type }: RunMount, { key, fail }: Field, ...allowed: RunMount["type"][]): void {
  if (!allowed.includes(type)) fail(`unexpected key '${key}' for mount type '${type}'`);
}

/** What does not go together. */
function check(mount: RunMount, fail: (message: string) => never): void {
  const { type } = mount;
  if (type === "bind" || type === "tmpfs")
    for (const key of ["mode", "uid", "gid"] as const)
      if (mount[key] !== undefined) fail(`${key} not allowed for "${type}" type mounts`);
  if (type === "secret") {
    if (mount.from) fail("secret mount should not have a from");
    if (mount.sharing) fail("secret mount should not define sharing");
    if (!mount.source && !mount.target && !mount.id) fail("invalid secret mount. one of source, target required");
    if (mount.source && mount.id) fail("both source and id can't be set");
  }
  if (mount.sharing && type !== "cache") fail(`invalid cache sharing set for ${type} mount`);
}

/** Fields between commas; double quotes around one keep commas in it (CSV). */
function fieldsOf(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"(?=,|$)|([^,]*))/g)].map(
    ([, quoted, plain = ""]) => quoted?.replaceAll('""', '"') ?? plain,
  );
}
