/** `--add-host`, `--dns`, `--dns-search`, `--link`. */
import { normalIp } from "./address.ts";
import { cut } from "./csv.ts";

/**
 * `NAME:IP` or `NAME=IP`, IPv6 also in brackets, `host-gateway` for the host itself; as the engine takes it: `NAME:IP`.
 */
export function parseExtraHost(text: string): string {
  const equals = cut(text, "=");
  const [name, address, found] = equals[2] ? equals : cut(text, ":");
  if (!found || name === "" || name.includes(":")) throw new Error(`bad format for add-host: ${JSON.stringify(text)}`);
  const bare = /^\[.+\]$/.test(address) ? address.slice(1, -1) : address;
  if (address !== "host-gateway" && normalIp(bare.trim()) === null)
    throw new Error(`invalid IP address in add-host: ${JSON.stringify(bare)}`);
  return `${name}:${bare}`;
}

export function parseDns(text: string): string {
  const ip = normalIp(text.trim());
  if (ip === null) throw new Error(`IP address is not correctly formatted: ${text}`);
  return ip;
}

const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domain = new RegExp(`^:?(${label}(?:\\.${label})*)\\.?\\s*$`);

/** A search domain; `.` for none. */
export function parseDnsSearch(text: string): string {
  const trimmed = text.replace(/^ +| +$/g, "");
  if (trimmed === ".") return trimmed;
  const match = /[a-zA-Z]/.test(trimmed) ? domain.exec(trimmed) : null;
  if (!match?.[1] || match[1].length >= 255) throw new Error(`${trimmed} is not a valid domain`);
  return match[1];
}

export function checkLink(text: string): string {
  if (text === "") throw new Error("empty string specified for links");
  if (text.split(":").length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}
