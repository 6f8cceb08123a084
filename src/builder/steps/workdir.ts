import { invalid } from "../../lib/errors.ts";
import { makeWorkdir } from "../../runtime/bundle/workdir.ts";
import type { Instruction } from "../dockerfile/instructions.ts";
import { TargetInTheWay } from "../source/copy-plan.ts";
import { inside } from "../source/path.ts";
import { addLayer } from "./add-layer.ts";
import { placed } from "./copy-step.ts";
import { namesAccounts, ownerIn } from "./owner.ts";
import type { StageWork } from "./stage-work.ts";
import { TargetRoot } from "./target.ts";

/** WORKDIR: the directory for what follows, made as the stage's USER's where it is not there. */
export async function workdir(
  work: StageWork,
  { path: written, range }: Extract<Instruction, { kind: "WORKDIR" }>,
): Promise<void> {
  const path = work.variables.expand(written, range);
  const { config } = work.configuration;
  const directory = `/${inside(path.startsWith("/") ? path : `${config.WorkingDir ?? "/"}/${path}`)}`;
  config.WorkingDir = directory;
  const created = `WORKDIR ${directory}`;
  if (directory === "/") {
    work.started();
    work.remember(created, undefined);
    return work.doneConfiguring();
  }
  const { User: user = "" } = config;
  const bare = work.state.chain.length === 0;
  await addLayer(work, {
    created,
    operation: { workdir: directory, user },
    inputs: [],
    perform: async (root) => {
      if (bare && namesAccounts(user)) throw invalid(`unable to find user ${user}: no matching entries in passwd file`);
      placed(range, () => {
        using target = new TargetRoot(root);
        const at = target.follow(inside(directory));
        if ((target.at(at)?.type ?? "directory") !== "directory")
          throw new TargetInTheWay(at, `mkdir /${at}: not a directory`);
        makeWorkdir(root, at, ownerIn(root, user));
      });
    },
  });
}
