import type { NetworkCheckItem } from "../../api/types/network.ts";

/** One thing that was looked at, with the function that repairs it where it is not as it should be. */
export interface Item extends NetworkCheckItem {
  /** Repairs it. Absent: another item's repair does it too, or it cannot be repaired. */
  repair?: () => void | Promise<void>;
}

/** Compares what should be with what is. Empty `wanted`: it should not be there; empty `found`: it is not there. */
export function compare(Object: string, Owner: string, wanted: string, found: string, repair?: Item["repair"]): Item {
  const State = wanted === found ? "ok" : found === "" ? "missing" : wanted === "" ? "extra" : "differs";
  return { Object, Owner, State, Wanted: wanted, Found: found, ...(repair && State !== "ok" && { repair }) };
}
