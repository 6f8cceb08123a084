import type { RegistrySettings } from "../../image/remote/endpoints.ts";
import { invalid } from "../../lib/errors.ts";
import { ConfigValues } from "./values.ts";

const known = ["mirrors", "insecure", "ca", "auth", "compression"];

/**
 * `registries` of the configuration file: settings by registry, as references name it. Throws `invalid`, naming the
 * setting.
 */
export function registrySettings(given: Record<string, unknown>): Record<string, RegistrySettings> {
  return Object.fromEntries(
    Object.entries(given).map(([host, value]) => [host, settings(`registries.${host}`, value)]),
  );
}

function settings(key: string, value: unknown): RegistrySettings {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(`invalid configuration: ${key} must be an object`);
  const stranger = Object.keys(value).find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw invalid(`invalid configuration: ${key} has no setting ${JSON.stringify(stranger)} (${known.join(", ")})`);
  // The values tell their own names: they carry the registry's.
  const values = new ConfigValues(new Map(Object.entries(value).map(([name, setting]) => [`${key}.${name}`, setting])));
  const has = (name: string) => Object.hasOwn(value, name);
  const { username, password, identitytoken, ...other } = values.strings(`${key}.auth`);
  if (Object.keys(other).length > 0)
    throw invalid(`invalid configuration: ${key}.auth knows username, password and identitytoken`);
  return {
    ...(has("mirrors") && { mirrors: values.list(`${key}.mirrors`) }),
    ...(has("insecure") && { insecure: values.boolean(`${key}.insecure`, false) }),
    ...(has("ca") && { ca: values.string(`${key}.ca`, "") }),
    ...(has("auth") && {
      auth: {
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
        ...(identitytoken !== undefined && { identitytoken }),
      },
    }),
    ...(has("compression") && {
      compression: values.oneOf<"gzip" | "zstd">(`${key}.compression`, ["gzip", "zstd"], "gzip"),
    }),
  };
}
