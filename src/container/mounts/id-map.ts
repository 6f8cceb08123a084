import { invalid } from "../../lib/errors.ts";
import type { IdMaps, IdRange, Ids } from "../../linux/id-maps.ts";

/** All ids that there are: the last is none. */
const ALL = 2 ** 32 - 1;

/**
 * Checks a mount's `idmap` option: `match-user`, or `uids=DISK-SEEN-COUNT[#…];gids=…`, of which one may be absent.
 * Throws `invalid`.
 */
export function checkIdMap(text: string): void {
  if (text !== "match-user") explicitMaps(text);
}

/**
 * What a mount's `idmap` option makes of ids in the file system. `match-user`: what `source`, the owner of the mount's
 * root, owns shows as that of `user`, who the container's process is, and the other way round; all else stays.
 */
export function idMapsOf(text: string, source: Ids, user: Ids): IdMaps {
  if (text !== "match-user") return explicitMaps(text);
  return { uids: exchange(source.uid, user.uid), gids: exchange(source.gid, user.gid) };
}

function explicitMaps(text: string): IdMaps {
  const given = new Map<string, IdRange[]>();
  for (const part of text.split(";")) {
    const [, which = "", ranges = ""] = /^(uids|gids)=(.+)$/.exec(part) ?? [];
    if (which === "" || given.has(which)) throw malformed(text);
    given.set(
      which,
      ranges.split("#").map((range) => parseRange(range, text)),
    );
  }
  const [uids = given.get("gids") ?? [], gids = uids] = [given.get("uids"), given.get("gids")];
  return { uids, gids };
}

function parseRange(range: string, text: string): IdRange {
  const [, inside, outside, count] = /^([0-9]+)-([0-9]+)-([0-9]+)$/.exec(range) ?? [];
  const [from, to, many] = [Number(inside), Number(outside), Number(count)];
  if (!(many >= 1 && from + many <= ALL && to + many <= ALL)) throw malformed(text);
  return { inside: from, outside: to, count: many };
}

const malformed = (text: string) =>
  invalid(`invalid idmap: ${JSON.stringify(text)} (match-user, or uids=DISK-SEEN-COUNT[#…];gids=DISK-SEEN-COUNT[#…])`);

/** Every id is itself, but for two that change places. */
function exchange(a: number, b: number): IdRange[] {
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  const same = (from: number, to: number): IdRange => ({ inside: from, outside: from, count: to - from });
  const ranges =
    low === high
      ? [same(0, ALL)]
      : [
          same(0, low),
          { inside: low, outside: high, count: 1 },
          same(low + 1, high),
          { inside: high, outside: low, count: 1 },
          same(high + 1, ALL),
        ];
  return ranges.filter(({ count }) => count > 0);
}
