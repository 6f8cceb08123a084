import { notFound } from "../../lib/errors.ts";
import type { VolumeContext } from "../context.ts";
import { localDriver } from "./local.ts";

/**
 * Where the bytes of volumes live. The usual calls in order: `validate` and `create` once; `mount` at the first
 * container that starts with it; `unmount` after the last has ended; `remove`. All but `validate` are idempotent.
 */
export interface VolumeDriver {
  name: string;
  scope: "local" | "global";
  /** Throws `invalid` where the name or the options are not the driver's. */
  validate(name: string, options: Record<string, string>): void;
  create(name: string, options: Record<string, string>): Promise<void>;
  /** Host path of the data, mounted or not. */
  path(name: string): string;
  mount(name: string, options: Record<string, string>): Promise<string>;
  unmount(name: string, options: Record<string, string>): Promise<void>;
  remove(name: string, options: Record<string, string>): Promise<void>;
  /** Done already where only the new name is there. */
  rename(name: string, newName: string): Promise<void>;
}

export const defaultDriver = "local";

export function volumeDriver(ctx: VolumeContext, name: string): VolumeDriver {
  if (name === "" || name === defaultDriver) return localDriver(ctx.root);
  throw notFound(`error looking up volume plugin ${name}: plugin "${name}" not found`);
}

export function volumeDriverNames(_ctx: VolumeContext): string[] {
  return [defaultDriver];
}
