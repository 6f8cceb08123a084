/** IP and hardware addresses as Go's net package reads them. */
import { formatIp, parseIp } from "../../../../lib/ip.ts";

/**
 * The address in its usual short form (`0:0:0:0:0:0:0:1` → `::1`, a mapped IPv4 address as IPv4); null where it is
 * none.
 */
export function normalIp(text: string): string | null {
  const ip = parseIp(text);
  if (!ip) return null;
  return ip.family === 6 && ip.value >> 32n === 0xffffn
    ? formatIp({ family: 4, value: ip.value & 0xffff_ffffn })
    : formatIp(ip);
}

/** `92:d0:c6:0a:29:33`, `92-d0-…`, `92d0.c60a.2933`; of 6, 8 or 20 bytes. */
export function isMac(text: string): boolean {
  const bytes =
    /^[0-9a-f]{2}([:-][0-9a-f]{2})*$/i.test(text) && new Set(text.match(/[:-]/g)).size === 1
      ? text.split(/[:-]/).length
      : /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i.test(text)
        ? text.split(".").length * 2
        : 0;
  return [6, 8, 20].includes(bytes);
}
