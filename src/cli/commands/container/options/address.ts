/** IP and hardware addresses as Go's net package reads them. */

/** The address in its usual short form (`0:0:0:0:0:0:0:1` → `::1`); null where it is none. */
export function normalIp(text: string): string | null {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    return text.split(".").every((part) => Number(part) <= 255 && (part === "0" || part[0] !== "0")) ? text : null;
  }
  if (!text.includes(":") || !/^[0-9a-fA-F:.]+$/.test(text)) return null;
  try {
    const short = new URL(`http://[${text}]/`).hostname.slice(1, -1);
    const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
    if (!mapped) return short;
    const [high, low] = [parseInt(mapped[1] ?? "", 16), parseInt(mapped[2] ?? "", 16)];
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  } catch {
    return null;
  }
}

/** `92:d0:c6:0a:29:33`, `92-d0-…`, `92d0.c60a.2933`; of 6, 8 or 20 bytes. */
export function isMac(text: string): boolean {
  const bytes = /^[0-9a-f]{2}([:-][0-9a-f]{2})*$/i.test(text) && new Set(text.match(/[:-]/g)).size === 1 ? text.split(/[:-]/).length
    : /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i.test(text) ? text.split(".").length * 2 : 0;
  return [6, 8, 20].includes(bytes);
}
