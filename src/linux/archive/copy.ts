import { TarReader } from "../../lib/tar/reader.ts";
import { close, openDir } from "../at.ts";
import { checkStopped, type Stopped } from "./stop.ts";
import { TreePacker } from "./tree-packer.ts";
import { TreeWriter } from "./tree-writer.ts";

/** Copies what is in one directory into another that exists, attributes, links, holes and times included. */
export function copyTree(from: string, to: string, stopped: Stopped): void {
  const [source, target] = [openDir(from), openDir(to)];
  try {
    using writer = new TreeWriter(target, { rootAttributes: true });
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
