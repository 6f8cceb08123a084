import { setOwn } from "../../lib/own.ts";
import { CliError } from "../errors.ts";

/** `--build-context name=oci-layout://folder[:tag|@digest]`: an image that lies in a folder of this machine. */
export interface Layouts {
  /** The other contexts, and the folders as contexts of their names. */
  contexts: string[];
  /** By name, what the engine is to take from the folder. */
  images: Record<string, string>;
}

/** Parts the layouts from the other named contexts. */
export function ociLayouts(named: readonly string[]): Layouts {
  const found: Layouts = { contexts: [], images: {} };
  for (const spec of named) {
    const [, name, place] = /^([^=]+)=oci-layout:\/\/(.*)$/s.exec(spec) ?? [];
    if (name === undefined || place === undefined) {
      found.contexts.push(spec);
      continue;
    }
    const [, folder = "", digest, tag] = /^(.*?)(?:@([^@]+)|:([^:/]+))?$/s.exec(place) ?? [];
    if (folder === "") throw new CliError(`invalid build context ${spec}: it names no folder`);
    found.contexts.push(`${name}=${folder}`);
    setOwn(found.images, name, `oci-layout://${digest ?? tag ?? ""}`);
  }
  return found;
}
