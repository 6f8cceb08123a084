import type { RunMount } from "./instructions.ts";
import { DockerfileError, type Range } from "./source.ts";

const types = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
const units: Record<string, number> = { "": 1, b: 1, k: 1024, kb: 1024, m: 1024 ** 2, mb: 1024 ** 2, g: 1024 ** 3, gb: 1024 ** 3 };

/** Reads the value of `RUN --mount=`, a comma-separated list of `key=value` and bare keys. */
export function parseRunMount(text: string, range: Range): RunMount {
  let near = text;
  const fail = (message: string): never => { throw new DockerfileError(message, range, { near }); };
  const fields = text.split(",").map((field) => {
    const equals = field.indexOf("=");
    return equals < 0 ? { key: field.toLowerCase(), value: undefined } : { key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1) };
  });
  const type = fields.find((field) => field.key === "type")?.value ?? "bind";
  const known = types.find((each) => each === type);
  if (!known) return fail(`unsupported mount type "${type}"`);
  const mount: RunMount = { type: known };
  for (const { key, value } of fields) {
    near = value === undefined ? key : `${key}=${value}`;
    const flag = (): boolean => {
      if (value === undefined || value === "true" || value === "1") return true;
      if (value === "false" || value === "0") return false;
      return fail(`invalid value for ${key}: ${value}`);
    };
    const needed = (): string => value ?? fail(`invalid field '${key}' must be a key=value pair`);
    const integer = (radix: number): number => {
      const number = Number.parseInt(needed(), radix);
      return Number.isInteger(number) && number >= 0 ? number : fail(`invalid value ${value} for ${key}`);
    };
    switch (key) {
      case "type": break;
      case "target": case "dst": case "destination": mount.target = needed(); break;
      case "source": case "src": mount.source = needed(); break;
      case "from": mount.from = needed(); break;
      case "ro": case "readonly": mount.readonly = flag(); break;
      case "rw": case "readwrite": mount.readonly = !flag(); break;
      case "id": mount.id = needed(); break;
      case "required": mount.required = flag(); break;
      case "sharing":
        if (value !== "shared" && value !== "private" && value !== "locked") return fail(`unsupported sharing value "${value}"`);
        mount.sharing = value;
        break;
      case "mode": mount.mode = integer(8); break;
      case "uid": mount.uid = integer(10); break;
      case "gid": mount.gid = integer(10); break;
      case "env": mount.env = needed(); break;
      case "size": {
        const [, amount, unit] = /^(\d+)([a-z]*)$/i.exec(needed()) ?? [];
        const factor = units[(unit ?? "?").toLowerCase()];
        if (amount === undefined || factor === undefined) return fail(`invalid size ${value}`);
        mount.size = Number(amount) * factor;
        break;
      }
      default: return fail(`unexpected key '${key}' in '${value === undefined ? key : `${key}=${value}`}'`);
    }
  }
  near = text;
  if (known !== "secret" && known !== "ssh" && !mount.target) fail(`invalid mount: target is required for type ${known}`);
  return mount;
}
