/** One thing that was looked at, by `network check` and `system check`: the engine's own, no shape of Docker's. */
export interface CheckItem {
  Object: string;
  Owner: string;
  State: "ok" | "missing" | "differs" | "extra" | "repaired";
  /** Empty: it should not be there. */
  Wanted: string;
  /** Empty: it is not there. Of what was repaired: as it was before. */
  Found: string;
}

/** What one kind of things takes of the data root, in bytes: the engine's own, no shape of Docker's. */
export interface DiskItem {
  Kind: string;
  Size: number;
}
