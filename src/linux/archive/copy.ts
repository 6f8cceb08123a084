import { TarReader } from "../../lib/tar/reader.ts";
import { close, openDir } from "../at.ts";
import type { CopyOptions } from "./options.ts";
import { checkStopped, type Stopped } from "./stop.ts";
import { TreePacker } from "./tree-packer.ts";
import { TreeWriter } from "./tree-writer.ts";

/** Copies what is in one directory into another that exists, attributes, links, holes and times included. */
export function copyTree(from: string, to: string, options: CopyOptions, stopped: Stopped): void {
  const [source, target] = [openDir(from), openDir(to)];
  try {
    const { clones = false, ...others } = options;
    using writer = new TreeWriter(target, {
      rootAttributes: true,
      ...others,
      ...(clones && { share: { tree: from, clones, links: false } }),
    });
    const reader = new TarReader(writer);
    for (const block of new TreePacker(source, { exact: true, rootName: "." }).run()) {
      checkStopped(stopped);
      reader.write(block);
    }
    reader.end();
    writer.finish();
  } finally {
    close(source);
    close(target);
  }
}
