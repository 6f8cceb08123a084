import type { Op } from "../../../api/buildkit/llb.ts";

/** The scheme of sources that are results of this engine, by an id that it gave. */
export const heldScheme = "berth-result";

/** Whether an operation is such a source. */
export const isHeld = ({ source }: Op): boolean => source?.identifier.startsWith(`${heldScheme}://`) ?? false;
