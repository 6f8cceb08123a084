import { own } from "../../lib/own.ts";
import { hostPlatform } from "../../oci/platform.ts";
import type { Instruction } from "../dockerfile/instructions.ts";
import { platformArgs } from "../plan/variables.ts";
import type { StageWork } from "./stage-work.ts";

/** ARG: what the build was given counts, then the default written here, then that of the ARG before the first FROM. */
export function arg(work: StageWork, { args, range }: Extract<Instruction, { kind: "ARG" }>): void {
  work.started();
  const { build, planned, variables } = work;
  const automatic = platformArgs(hostPlatform(), planned.target, build.request.target || "default");
  const told = args.map(({ name, value }) => {
    const given = own(build.request.buildArgs, name);
    build.consumed.add(name);
    const set =
      given ??
      (value !== undefined ? variables.expand(value, range) : (planned.globals.get(name) ?? own(automatic, name)));
    variables.setArg(name, set);
    return set === undefined ? name : `${name}=${set}`;
  });
  work.remember(`ARG ${told.join(" ")}`, undefined);
  work.doneConfiguring();
}
