import { platformScore } from "../../oci/platform.ts";
import { checkSettings, notSkipped } from "../dockerfile/check-directive.ts";
import type { FromInstruction } from "../dockerfile/instructions.ts";
import { wrongPlatform, wrongPlatformRule } from "../plan/base-configs.ts";
import { lookUpOf } from "../plan/look-ups.ts";
import { oneLine } from "../plan/stage-steps.ts";
import { Variables } from "../plan/variables.ts";
import { emptyResult } from "../result.ts";
import { copyArchive } from "../source/copy-archive.ts";
import { planAll } from "../source/copy-plan.ts";
import { digestItems } from "../source/digest-items.ts";
import type { SourceTree } from "../source/tree.ts";
import { addLayer } from "./add-layer.ts";
import { inheritedConfig } from "./configure.ts";
import type { StageWork } from "./stage-work.ts";

/** FROM: the layers of the base, its configuration, its environment. */
export async function from(work: StageWork): Promise<void> {
  const { build, planned } = work;
  const name = lookUpOf(planned.base, build.request.contexts)?.name;
  if (name !== undefined) work.named(`FROM ${name}`);
  work.started();
  const base = await build.open(planned.base, planned, (text) => work.status(text));
  if (build.breath.due) await build.breath.take();
  const result = "result" in base ? base.result : emptyResult(planned.platform);
  if (planned.base.kind === "image" && platformScore(planned.platform, result.platform) === 0) {
    const { range } = planned.stage.from;
    const message = wrongPlatform(planned.base.ref, result.platform, planned.platform);
    const settings = checkSettings(build.dockerfile, build.request.buildArgs);
    for (const { rule } of notSkipped([{ rule: wrongPlatformRule, message, range }], settings))
      build.events.emit({ kind: "warning", rule, message, line: range.start });
  }
  const config = inheritedConfig(result.config);
  work.state = { ...result, config, history: [...result.history] };
  work.configuration = { config, author: result.author, cmdSet: false, envSet: false };
  if (!config.Env?.some((entry) => entry.startsWith("PATH="))) {
    config.Env = [...(emptyResult(planned.platform).config.Env ?? []), ...(config.Env ?? [])];
  }
  work.variables = new Variables(build.dockerfile.escape, config.Env ?? []);
  work.variables.inherit(result.variables);
  if ("tree" in base) await copyTree(work, base.tree, planned.stage.from);
}

/** The files of a named context are the root filesystem. */
async function copyTree(work: StageWork, tree: SourceTree, instruction: FromInstruction): Promise<void> {
  const { deps, request, signal } = work.build;
  const items = await planAll(tree, "/", { signal });
  await addLayer(work, {
    created: oneLine(instruction.text),
    operation: { from: "context" },
    inputs: [await digestItems(tree, items, signal)],
    perform: async (root) => {
      const archive = copyArchive(tree, items, request.sourceDateEpoch);
      await deps.images.archiver.extract(archive, root, { compression: "none" }, signal);
    },
  });
}
