import type { CdiDevice, CdiDeviceNode, CdiHook, CdiIntelRdt, CdiMount, CdiSpec, ContainerEdits } from "./spec.ts";

/** Turns a value into a T, or throws in the words of Go's decoder; `path` names the field. */
type Decode<T> = (value: unknown, path: string) => T;

/** A file's content as a specification. Fields that nobody knows, and values of other types, throw. */
export function decodeSpec(value: unknown): CdiSpec {
  return spec(value, "Spec");
}

const wrong = (value: unknown, path: string, type: string) =>
  new Error(`json: cannot unmarshal ${kindOf(value)} into Go struct field ${path} of type ${type}`);

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : typeof value === "boolean" ? "bool" : typeof value;
}

/** A number or truth value in a file of YAML stands for its text. */
const string: Decode<string> = (value, path) => {
  if (value === undefined || value === null) return "";
  if (typeof value === "object") throw wrong(value, path, "string");
  return String(value);
};

const integer: Decode<number> = (value, path) => {
  if (value === undefined || value === null) return 0;
  if (typeof value !== "number" || !Number.isInteger(value)) throw wrong(value, path, "int64");
  return value;
};

const unsigned: Decode<number> = (value, path) => {
  const number = integer(value, path);
  if (number < 0 || number > 0xffff_ffff) throw wrong(value, path, "uint32");
  return number;
};

const boolean: Decode<boolean> = (value, path) => {
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw wrong(value, path, "bool");
  return value;
};

function optional<T>(decode: Decode<T>): Decode<T | undefined> {
  return (value, path) => (value === undefined || value === null ? undefined : decode(value, path));
}

function list<T>(decode: Decode<T>, type = "[]string"): Decode<T[]> {
  return (value, path) => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw wrong(value, path, type);
    return value.map((item) => decode(item, path));
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const texts: Decode<Record<string, string>> = (value, path) => {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw wrong(value, path, "map[string]string");
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, string(text, path)]));
};

/** A decoder for each field; one that may be absent may give undefined. */
type Fields<T> = { [K in keyof T]-?: Decode<T[K] | (Record<never, never> extends Pick<T, K> ? undefined : never)> };

/** An object of these fields and no others; absent ones are decoded from nothing. */
function struct<T>(fields: Fields<T>, type: string): Decode<T> {
  return (value, path) => {
    const given = value ?? {};
    if (!isObject(given)) throw wrong(value, path, type);
    for (const name of Object.keys(given))
      if (!Object.hasOwn(fields, name)) throw new Error(`json: unknown field ${JSON.stringify(name)}`);
    const entries: [string, unknown][] = Object.entries<Decode<unknown>>(fields).map(([name, decode]) => [
      name,
      decode(given[name], `${path}.${name}`),
    ]);
    // The border: by now each field has been read by its own decoder.
    return Object.fromEntries(entries.filter(([, decoded]) => decoded !== undefined)) as T;
  };
}

const deviceNode = struct<CdiDeviceNode>(
  {
    path: string,
    hostPath: string,
    type: string,
    major: integer,
    minor: integer,
    fileMode: optional(unsigned),
    permissions: string,
    uid: optional(unsigned),
    gid: optional(unsigned),
  },
  "specs.DeviceNode",
);

const mount = struct<CdiMount>(
  { hostPath: string, containerPath: string, options: list(string), type: string },
  "specs.Mount",
);

const hook = struct<CdiHook>(
  {
    hookName: string,
    path: string,
    args: list(string),
    env: list(string),
    timeout: optional(integer),
  },
  "specs.Hook",
);

const intelRdt = struct<CdiIntelRdt>(
  {
    closID: string,
    l3CacheSchema: string,
    memBwSchema: string,
    schemata: list(string),
    enableMonitoring: boolean,
  },
  "specs.IntelRdt",
);

const netDevice = struct<ContainerEdits["netDevices"][number]>(
  { hostInterfaceName: string, name: string },
  "specs.LinuxNetDevice",
);

const containerEdits = struct<ContainerEdits>(
  {
    env: list(string),
    deviceNodes: list(deviceNode, "[]*specs.DeviceNode"),
    netDevices: list(netDevice, "[]*specs.LinuxNetDevice"),
    hooks: list(hook, "[]*specs.Hook"),
    mounts: list(mount, "[]*specs.Mount"),
    intelRdt: optional(intelRdt),
    additionalGids: list(unsigned, "[]uint32"),
  },
  "specs.ContainerEdits",
);

const device = struct<CdiDevice>({ name: string, annotations: texts, containerEdits }, "specs.Device");

const spec = struct<CdiSpec>(
  { cdiVersion: string, kind: string, annotations: texts, devices: list(device, "[]specs.Device"), containerEdits },
  "specs.Spec",
);
