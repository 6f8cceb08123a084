/** Secrets and configs of a stack: made or brought up to date, and found again by the services that have them. */
import type { ConfigSpec } from "../../api/types/swarm.ts";
import type { Client } from "../../client/client.ts";
import { createConfig, inspectConfig, updateConfig } from "../../client/configs.ts";
import { isNotFound } from "../../client/errors.ts";
import { createSecret, inspectSecret, updateSecret } from "../../client/secrets.ts";
import type { FileReference } from "../commands/service/options/files.ts";
import { configReferences, secretReferences } from "../commands/service/options/resolve.ts";
import { mappings, number, string, stringMap } from "../compose/fields.ts";
import type { Project } from "../compose/project-type.ts";
import type { Mapping } from "../compose/readers.ts";
import type { CommandDeps } from "../deps.ts";
import { readBytes } from "../files.ts";
import { nameOf, stackLabels } from "./names.ts";

/** What the engine is asked for one kind of them. */
const calls = {
  secret: { inspect: inspectSecret, create: createSecret, update: updateSecret },
  config: { inspect: inspectConfig, create: createConfig, update: updateConfig },
};

/** Makes those that the file defines; ones that are there get its labels, and their content is held against it. */
export async function deployFiles(
  deps: CommandDeps,
  client: Client,
  stack: string,
  kind: "secret" | "config",
  things: Readonly<Record<string, Mapping>>,
): Promise<void> {
  const { inspect, create, update } = calls[kind];
  const specs: ConfigSpec[] = [];
  for (const [key, thing] of Object.entries(things).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (thing["external"] !== true) specs.push(await specOf(stack, key, thing));
  for (const spec of specs) {
    const Name = spec.Name ?? "";
    const there = await inspect(client, Name).catch((error: unknown) => {
      if (isNotFound(error)) return null;
      throw error;
    });
    if (there) {
      await update(client, there.ID ?? Name, there.Version?.Index ?? 0, spec).catch((error: unknown) => {
        throw new Error(`failed to update ${kind} ${Name}: ${error instanceof Error ? error.message : error}`);
      });
      continue;
    }
    deps.out.write(`Creating ${kind} ${Name}\n`);
    await create(client, spec).catch((error: unknown) => {
      throw new Error(`failed to create ${kind} ${Name}: ${error instanceof Error ? error.message : error}`);
    });
  }
}

async function specOf(stack: string, key: string, thing: Mapping): Promise<ConfigSpec> {
  const [driver, template, file] = ["driver", "template_driver", "file"].map((name) => string(thing[name]));
  const options = stringMap(thing["driver_opts"]);
  return {
    Name: nameOf(stack, key, thing),
    Labels: stackLabels(stack, stringMap(thing["labels"])),
    ...(file !== undefined && { Data: Buffer.from(await readBytes(file)).toString("base64") }),
    ...(driver && { Driver: { Name: driver, ...(Object.keys(options).length > 0 && { Options: options }) } }),
    ...(template && { Templating: { Name: template } }),
  };
}

/** The secrets or configs of a service, with their ids. Throws where one is not defined, or not there. */
export async function serviceFiles(client: Client, stack: string, service: Mapping, project: Project) {
  const secrets = await secretReferences(client, references("secret", stack, service["secrets"], project.secrets));
  const credential = string(mappings([service["credential_spec"]])[0]?.["config"]) ?? "";
  const configs = await configReferences(
    client,
    references("config", stack, service["configs"], project.configs),
    credential === "" ? "" : nameOf(stack, credential, project.configs[credential] ?? {}),
  );
  const byName = (a: { File?: { Name?: string } }, b: { File?: { Name?: string } }) =>
    (a.File?.Name ?? "") < (b.File?.Name ?? "") ? -1 : 1;
  return { secrets: secrets.toSorted(byName), configs: configs.toSorted(byName) };
}

function references(
  kind: string,
  stack: string,
  given: unknown,
  things: Readonly<Record<string, Mapping>>,
): FileReference[] {
  return mappings(given).map((one) => {
    const source = string(one["source"]) ?? "";
    const thing = things[source];
    if (thing === undefined) throw new Error(`undefined ${kind} ${JSON.stringify(source)}`);
    return {
      source: nameOf(stack, source, thing),
      File: {
        Name: string(one["target"]) ?? source,
        UID: string(one["uid"]) ?? "0",
        GID: string(one["gid"]) ?? "0",
        Mode: number(one["mode"]) ?? 0o444,
      },
    };
  });
}
