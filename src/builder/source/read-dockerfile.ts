import { invalid } from "../../lib/errors.ts";
import { inside } from "./path.ts";
import { resolve, type SourceTree } from "./tree.ts";

const maxBytes = 4 * 1024 * 1024;

/** The text of the Dockerfile at a path of a tree, links followed. Throws `invalid` where there is none. */
export async function readDockerfile(tree: SourceTree, path: string): Promise<string> {
  const real = resolve(tree, inside(path));
  if (real === undefined || tree.entry(real)?.type !== "file")
    throw invalid(`Cannot locate specified Dockerfile: ${path}`);
  if ((tree.entry(real)?.size ?? 0) > maxBytes) throw invalid(`the Dockerfile ${path} is larger than 4 MB`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree.read(real)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
