/** The scheme of sources that are results of this engine, by an id that it gave. */
export const heldScheme = "berth-result";
