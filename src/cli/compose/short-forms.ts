/** Values of Compose files that have a short form and a long one. */

import { commandWords } from "../commands/service/options/parse.ts";
import { parsePublished } from "../commands/service/options/ports.ts";
import { homeOf } from "../home.ts";
import { absolutePath } from "../paths.ts";
import {
  fieldsOf,
  integer,
  isMapping,
  type Mapping,
  type Place,
  type Reader,
  size,
  text,
  truth,
  word,
} from "./readers.ts";

/** Words of a command: a list, or a line as a shell parts it. */
export const command: Reader<string[]> = (value, place) => {
  if (Array.isArray(value)) return value.map((one) => word(one, place));
  return commandWords(text(value, place));
};

const longPort = fieldsOf({ mode: text, target: integer, published: integer, protocol: text });

export const ports: Reader<Mapping[]> = (value, place) => {
  if (!Array.isArray(value)) throw new Error(`${place.path} must be a list`);
  return value.flatMap((one, i) => {
    const here = { ...place, path: `${place.path}.${i}` };
    if (isMapping(one)) return [longPort(one, here)];
    try {
      return parsePublished(word(one, here)).map(({ PublishMode, TargetPort, PublishedPort, Protocol }) => ({
        mode: PublishMode,
        target: TargetPort,
        ...(PublishedPort !== undefined && { published: PublishedPort }),
        protocol: Protocol,
      }));
    } catch {
      throw new Error(`${here.path} Does not match format 'ports'`);
    }
  });
};

/** A secret's or config's place in containers. */
const longFile = fieldsOf({ source: text, target: text, uid: word, gid: word, mode: integer });
export const files: Reader<Mapping[]> = (value, place) => {
  if (!Array.isArray(value)) throw new Error(`${place.path} must be a list`);
  return value.map((one, i) =>
    typeof one === "string" ? { source: one } : longFile(one, { ...place, path: `${place.path}.${i}` }),
  );
};

const longVolume = fieldsOf({
  type: text,
  source: text,
  target: text,
  read_only: truth,
  consistency: text,
  bind: fieldsOf({ propagation: text }),
  volume: fieldsOf({ nocopy: truth, subpath: text }),
  tmpfs: fieldsOf({ size }),
  cluster: fieldsOf({}),
});

export const volumes: Reader<Mapping[]> = (value, place) => {
  if (!Array.isArray(value)) throw new Error(`${place.path} must be a list`);
  return value.map((one, i) => {
    const here = { ...place, path: `${place.path}.${i}` };
    const volume = typeof one === "string" ? shortVolume(one) : longVolume(one, here);
    const { source } = volume;
    return volume["type"] === "bind" && typeof source === "string"
      ? { ...volume, source: hostPath(source, place) }
      : volume;
  });
};

/** A path of this machine, as the file that names it means it. */
function hostPath(path: string, { folder }: Place): string {
  return absolutePath(folder, path.replace(/^~(?=\/|$)/, homeOf(process.env)));
}

/** `[SOURCE:]TARGET[:OPTIONS]`; a source that is a path is a bind. */
function shortVolume(spec: string): Mapping {
  if (spec === "") throw new Error("invalid empty volume spec");
  const parts = spec.split(":");
  if (parts.includes("")) throw new Error(`invalid spec: ${spec}: empty section between colons`);
  if (parts.length > 3) throw new Error(`invalid spec: ${spec}: too many colons`);
  const [first = "", target, options = ""] = parts;
  if (target === undefined) return { type: "volume", target: first };
  const isPath = /^[./~]/.test(first);
  const volume: Mapping = { type: isPath ? "bind" : "volume", source: first, target };
  for (const option of options.split(",").filter(Boolean)) {
    if (option === "ro") volume["read_only"] = true;
    else if (option === "nocopy") volume["volume"] = { nocopy: true };
    else if (/^r?(shared|slave|private)$/.test(option)) volume["bind"] = { propagation: option };
  }
  return volume;
}

/** Networks by name, with what a service has on each. */
export const serviceNetworks: Reader<Mapping> = (value, place) => {
  const long = fieldsOf({ aliases: texts, ipv4_address: text, ipv6_address: text, driver_opts: (one) => one });
  if (value === null) return {};
  if (Array.isArray(value)) return Object.fromEntries(value.map((name) => [word(name, place), null]));
  if (!isMapping(value)) throw new Error(`${place.path} must be a mapping or a list`);
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      one === null ? null : long(one, { ...place, path: `${place.path}.${name}` }),
    ]),
  );
};
const texts: Reader<string[]> = (value, place) => {
  if (!Array.isArray(value)) throw new Error(`${place.path} must be a list`);
  return value.map((one) => text(one, place));
};

export const ulimits: Reader<Mapping> = (value, place) => {
  const long = fieldsOf({ soft: integer, hard: integer });
  if (!isMapping(value)) throw new Error(`${place.path} must be a mapping`);
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, isMapping(one) ? long(one, place) : integer(one, place)]),
  );
};

/** `NAME:IP` lines, from those or from a mapping. */
export const extraHosts: Reader<string[]> = (value, place) => {
  if (isMapping(value)) {
    return Object.entries(value).flatMap(([name, ip]) =>
      (Array.isArray(ip) ? ip : [ip]).map((one) => `${name}:${word(one, place)}`),
    );
  }
  if (!Array.isArray(value)) throw new Error(`${place.path} must be a mapping or a list`);
  return value.map((one) => word(one, place).replace(/^([^:=]+)=/, "$1:"));
};
