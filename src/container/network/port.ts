import { normalPort } from "../../network/ports/plan.ts";

/** `80` and `80/TCP` as `80/tcp`; null for what is no port of a container. */
export function completePort(text: string): string | null {
  try {
    return normalPort(text);
  } catch {
    return null;
  }
}

/** What a key of `ExposedPorts` stands for: `80/TCP` is `80/tcp`, `8000-8002` three ports. null for what is no port. */
export function exposedPorts(text: string): string[] | null {
  const [, first, last, protocol = ""] = /^(\d+)-(\d+)(\/.*)?$/.exec(text) ?? [];
  if (first === undefined || last === undefined) {
    const port = completePort(text);
    return port === null ? null : [port];
  }
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || completePort(last + protocol) === null) return null;
  return Array.from({ length: count }, (_, i) => completePort(`${Number(first) + i}${protocol}`) ?? "");
}
