import type { VolumeContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function removeVolume(_ctx: VolumeContext, name: string, options: { force?: boolean } = {}): Promise<void> {
  throw notImplemented("not implemented yet");
}
