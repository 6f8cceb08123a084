/** One thing that the engine wants of its host, and how it stands. */
export interface Check {
  group: string;
  name: string;
  /** `ok`: there · `lack`: something will not work · `missing`: no container will run. */
  state: "ok" | "lack" | "missing";
  /** What was found. */
  found: string;
  /** What to do about a lack. */
  advice?: string;
}

/** A check's result: `ok` where `good`, otherwise the state and advice of `otherwise`. `found` is shown either way. */
export function verdict(
  group: string,
  name: string,
  good: boolean,
  found: string,
  otherwise: { state: "lack" | "missing"; advice: string },
): Check {
  return good ? { group, name, state: "ok", found } : { group, name, found, ...otherwise };
}
