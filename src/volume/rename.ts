import type { VolumeContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function renameVolume(_ctx: VolumeContext, name: string, newName: string): Promise<void> {
  throw notImplemented("not implemented yet");
}
