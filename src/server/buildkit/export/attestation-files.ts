import { statementsOn } from "../../../builder/attest/attest.ts";
import type { Subject } from "../../../builder/attest/statement.ts";
import type { StageResult } from "../../../builder/result.ts";
import { type SourceTree, walk } from "../../../builder/source/tree.ts";
import { Breath } from "../../../lib/breath.ts";
import type { Exporting } from "./exporter.ts";

/**
 * The attestations that a build was asked for on one of its results, as files that stand beside it: each is about all
 * the files of the result. `nameOf`: what one of that name is called.
 */
export async function attestationFiles(
  { deps, solved }: Pick<Exporting, "deps" | "solved">,
  { chain, platform }: StageResult,
  tree: SourceTree,
  nameOf: (file: string) => string,
): Promise<{ name: string; content: Uint8Array; mode: number; mtime?: number }[]> {
  const { request, signal } = solved;
  // Of nothing there is nothing to say.
  if (chain.length === 0 || (!request.attests.sbom && !request.attests.provenance)) return [];
  const subjects: Subject[] = [];
  const breath = new Breath();
  for (const { path, entry } of walk(tree, "")) {
    if (entry.type === "file") subjects.push({ name: path, digest: `sha256:${await tree.digest(path, signal)}` });
    if (breath.due) await breath.take(signal);
  }
  const image = { chainIds: [...chain], platform };
  const statements = await statementsOn(deps.build, request, image, subjects, solved);
  const epoch = request.sourceDateEpoch;
  return statements.map(({ file, statement }) => ({
    name: nameOf(file),
    content: Buffer.from(JSON.stringify(statement, null, 2)),
    mode: 0o600,
    ...(epoch !== undefined && { mtime: epoch }),
  }));
}
