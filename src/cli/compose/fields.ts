/** Values of a project that has been read: each is of its kind or not there. */
import { isMapping, type Mapping } from "./readers.ts";

export function mapping(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

export function mappings(value: unknown): Mapping[] {
  return Array.isArray(value) ? value.filter(isMapping) : [];
}

export function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

export function boolean(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** Undefined where it would be empty. */
export function strings(value: unknown): string[] | undefined {
  const list = Array.isArray(value) ? value.map(String) : [];
  return list.length > 0 ? list : undefined;
}

export function stringMap(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(mapping(value)).map(([key, one]) => [key, one === null ? "" : String(one)]));
}
