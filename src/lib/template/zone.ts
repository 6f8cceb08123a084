export interface Zone {
  /** Seconds east of Greenwich. */
  offset: number;
  /** The abbreviation in force, such as `CET`. */
  name: string;
}

const utc: Zone = { offset: 0, name: "UTC" };

/** The local zone at a moment, read from the system's time-zone file (RFC 8536), as Go does. */
export function zoneAt(seconds: number): Zone {
  const tz = process.env.TZ;
  if (tz === "" || tz === "UTC" || tz === "UTC0") return utc;
  const path =
    tz === undefined ? "/etc/localtime" : tz.startsWith("/") ? tz : `/usr/share/zoneinfo/${tz.replace(/^:/, "")}`;
  // Where the offset is zero the file still decides the name (GMT, WET).
  let file: Buffer;
  try {
    // Loaded only here: lists that show no times start without it.
    const { readFileSync } = require("node:fs");
    file = readFileSync(path);
  } catch {
    return utc;
  }
  const zone = readZone(file, seconds);
  if (!zone) return utc;
  // Moments after the last transition follow the file's rule, which the runtime knows too.
  if (zone.isLast) {
    const offset = -new Date(seconds * 1000).getTimezoneOffset() * 60;
    const name = zone.types.findLast((type) => type.offset === offset)?.name;
    return { offset, name: name ?? zone.name };
  }
  return zone;
}

interface Found extends Zone {
  isLast: boolean;
  types: Zone[];
}

/** Looks a moment up in a TZif file; null where it is none. */
export function readZone(file: Buffer, seconds: number): Found | null {
  if (file.toString("latin1", 0, 4) !== "TZif") return null;
  let base = 0;
  let width = 4;
  let counts = readCounts(file, 0);
  if ((file[4] ?? 0) >= 0x32) {
    // Version 2 and later repeat everything with 64-bit times after the first block.
    base = 44 + bodySize(counts, 4);
    counts = readCounts(file, base);
    width = 8;
  }
  const times = base + 44;
  const indexes = times + counts.times * width;
  const typesAt = indexes + counts.times;
  const names = typesAt + counts.types * 6;
  const types: Zone[] = [];
  for (let i = 0; i < counts.types; i++) {
    const at = typesAt + i * 6;
    const nameAt = names + (file[at + 5] ?? 0);
    types.push({ offset: file.readInt32BE(at), name: file.toString("latin1", nameAt, file.indexOf(0, nameAt)) });
  }
  let found = 0;
  let last = -1;
  for (let i = 0; i < counts.times; i++) {
    const at = width === 8 ? Number(file.readBigInt64BE(times + i * 8)) : file.readInt32BE(times + i * 4);
    if (at > seconds) break;
    found = file[indexes + i] ?? 0;
    last = i;
  }
  const zone = types[found];
  return zone ? { ...zone, isLast: last === counts.times - 1 && counts.times > 0, types } : null;
}

interface Counts {
  isUt: number;
  isStd: number;
  leap: number;
  times: number;
  types: number;
  chars: number;
}

function readCounts(file: Buffer, base: number): Counts {
  const at = (i: number) => file.readUInt32BE(base + 20 + i * 4);
  return { isUt: at(0), isStd: at(1), leap: at(2), times: at(3), types: at(4), chars: at(5) };
}

function bodySize(counts: Counts, width: number): number {
  return (
    counts.times * (width + 1) +
    counts.types * 6 +
    counts.chars +
    counts.leap * (width + 4) +
    counts.isStd +
    counts.isUt
  );
}
