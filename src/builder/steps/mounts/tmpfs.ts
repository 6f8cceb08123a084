import type { RunMount } from "../../dockerfile/instructions.ts";
import type { MadeMount } from "./mounting.ts";

/** `--mount=type=tmpfs`: memory, gone with the step. */
export function tmpfsMount({ size }: RunMount, destination: string): MadeMount {
  const options = ["nosuid", "nodev", ...(size ? [`size=${size}`] : [])];
  return { mount: { destination, type: "tmpfs", source: "tmpfs", options } };
}
