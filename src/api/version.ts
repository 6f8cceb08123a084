/** The Engine API versions that Berth speaks. */
export const newestApi = "1.56";
/** The oldest version that clients are told of: `MinAPIVersion` of `/version`, and the text that refuses older ones. */
export const oldestApi = "1.24";

/**
 * Served, though not announced: skopeo 1.9 asks for 1.22 whatever an engine says. 1.23 and 1.24 only added to it, but
 * for errors, which were plain text.
 */
export const oldestServedApi = "1.22";

/**
 * What requests without a version mean. Those come from clients that were written before 1.52 took fields away
 * (`status`, `id` and `from` of events, the addresses beside `Networks`).
 */
export const unversionedApi = "1.51";

/** The release of Docker that came with {@link newestApi}: clients compare it with what they need. */
export const dockerRelease = "29.8.0";
