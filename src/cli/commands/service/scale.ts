import type { ServiceSpec } from "../../../api/types/swarm.ts";
import type { Client } from "../../../client/client.ts";
import { inspectService, updateService } from "../../../client/services.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { parseUnsigned } from "../../flags/number.ts";
import { warn } from "./create.ts";
import { waitOnService } from "./wait.ts";

export default defineCommand({
  usage: "SERVICE=REPLICAS [SERVICE=REPLICAS...]",
  args: minArgs(1),
  flags: { detach: bool("Do not wait until the services have what they should", { short: "d", minApi: "1.29" }) },
  async run(deps, words, { detach }) {
    const wanted = words.map((word) => parseScale(word, deps.command));
    const client = await deps.client();
    const errors: string[] = [];
    const scaled: string[] = [];
    for (const { name, text } of wanted) {
      try {
        const { id, warnings } = await scale(client, name, replicas(text));
        warn(deps, warnings);
        deps.out.write(`${name} scaled to ${text}\n`);
        scaled.push(id);
      } catch (error) {
        errors.push(`${name}: ${errorMessage(error)}`);
      }
    }
    await deps.out.flush();
    if (!detach)
      for (const id of scaled) {
        await waitOnService(deps, id, false).catch((error: unknown) => errors.push(`${id}: ${errorMessage(error)}`));
      }
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});

function parseScale(word: string, command: string): { name: string; text: string } {
  const at = word.indexOf("=");
  if (at >= 0) return { name: word.slice(0, at), text: word.slice(at + 1) };
  throw new CliError(
    `invalid scale specifier '${word}'.\nSee '${command} --help'.\n\n` +
      `Usage:  ${command} SERVICE=REPLICAS [SERVICE=REPLICAS...]\n\nScale one or multiple replicated services`,
  );
}

function replicas(text: string): number {
  try {
    return parseUnsigned(text);
  } catch (error) {
    throw new Error(`invalid replicas value ${text}: ${errorMessage(error)}`, { cause: error });
  }
}

async function scale(client: Client, name: string, count: number): Promise<{ id: string; warnings: string[] }> {
  const { ID = name, Version, Spec = {} } = await inspectService(client, name);
  const spec = { ...Spec, Mode: scaledMode(Spec.Mode ?? {}, count) };
  const { Warnings } = await updateService(client, ID, { version: Version?.Index ?? 0, spec });
  return { id: name, warnings: Warnings ?? [] };
}

function scaledMode(mode: NonNullable<ServiceSpec["Mode"]>, count: number): NonNullable<ServiceSpec["Mode"]> {
  if (mode.Replicated) return { Replicated: { ...mode.Replicated, Replicas: count } };
  if (mode.ReplicatedJob) return { ReplicatedJob: { ...mode.ReplicatedJob, TotalCompletions: count } };
  throw new Error("scale can only be used with replicated or replicated-job mode");
}
