/** `count` ids from `inside` on are those from `outside` on; see user_namespaces(7). */
export interface IdRange {
  inside: number;
  outside: number;
  count: number;
}

/** Ids of a user namespace, and what they are outside of it. */
export interface IdMaps {
  uids: readonly IdRange[];
  gids: readonly IdRange[];
}

/** The numbers of a user and a group. */
export interface Ids {
  uid: number;
  gid: number;
}

/** Who has no number in a namespace shows as this, as the kernel has it. */
const NOBODY = 65_534;
/** An id of a file system that no archive has: root's own, where it is outside of a namespace. */
const MOUNTER = 0xffff_fffe;

/** How ids from outside show inside of a namespace. Pure. */
export function idsInside(maps: IdMaps, { uid, gid }: Ids): Ids {
  const inside = (ranges: readonly IdRange[], id: number) => {
    const range = ranges.find(({ outside, count }) => id >= outside && id < outside + count);
    return range ? range.inside + (id - range.outside) : NOBODY;
  };
  return { uid: inside(maps.uids, uid), gid: inside(maps.gids, gid) };
}

/** What ids of a namespace are outside of it; undefined where one is in none of its ranges. Pure. */
export function idsOutside(maps: IdMaps, { uid, gid }: Ids): Ids | undefined {
  const outside = (ranges: readonly IdRange[], id: number) => {
    const range = ranges.find(({ inside, count }) => id >= inside && id < inside + count);
    return range && range.outside + (id - range.inside);
  };
  const [user, group] = [outside(maps.uids, uid), outside(maps.gids, gid)];
  return user === undefined || group === undefined ? undefined : { uid: user, gid: group };
}

/** Maps that lead where `first` and then `second` lead: what one has inside is what the other has outside. Pure. */
export function composed(first: IdMaps, second: IdMaps): IdMaps {
  const both = (before: readonly IdRange[], after: readonly IdRange[]) =>
    before.flatMap((a) =>
      after.flatMap((b) => {
        const start = Math.max(a.outside, b.inside);
        const count = Math.min(a.outside + a.count, b.inside + b.count) - start;
        if (count <= 0) return [];
        return [{ inside: a.inside + (start - a.outside), outside: b.outside + (start - b.inside), count }];
      }),
    );
  return { uids: both(first.uids, second.uids), gids: both(first.gids, second.gids) };
}

/**
 * Maps for a mount that a namespace's processes write to. Root outside of it has an id as well: whoever has mounted an
 * overlay upon such a mount makes files there, and where it may not, the kernel leaves the overlay read-only, without a
 * word. Pure.
 */
export function mapsOfMount({ uids, gids }: IdMaps): IdMaps {
  const mounter = { inside: MOUNTER, outside: 0, count: 1 };
  const has = (ranges: readonly IdRange[]) => ranges.some(({ outside }) => outside === 0);
  return { uids: has(uids) ? uids : [...uids, mounter], gids: has(gids) ? gids : [...gids, mounter] };
}
