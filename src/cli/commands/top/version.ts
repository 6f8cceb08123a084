import { newestApi } from "../../../client/client.ts";
import { engineVersionRaw } from "../../../client/system.ts";
import { parseJson } from "../../../lib/template/json.ts";
import { parseTemplate } from "../../../lib/template/template.ts";
import { GoTime } from "../../../lib/template/time.ts";
import { isObject } from "../../../lib/template/value.ts";
import { noArgs } from "../../args.ts";
import { type ClientInfo, clientInfo } from "../../client-info.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { templateFailure } from "../../format/rows.ts";
import { alignTabs } from "../../format/tabs.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: { format: string(inspectFormatHelp, { short: "f" }) },
  async run(deps, _args, { format }) {
    let template;
    try {
      template = format === "" ? null : parseTemplate(format === "json" ? "{{json .}}" : format, "version");
    } catch (error) {
      throw new CliError(templateFailure(error).message, 64);
    }
    let server: Record<string, unknown> | null = null;
    let failure: unknown = null;
    let spoken = newestApi;
    try {
      const client = await deps.client();
      const answer = parseJson(await engineVersionRaw(client));
      spoken = await client.version();
      server = isObject(answer) ? withEngine(answer) : null;
    } catch (error) {
      failure = error;
    }
    const client = await clientInfo(deps, spoken);
    if (template) {
      const { versionView } = await import("../../format/version-view.ts");
      let text = "";
      try {
        template.run(await versionView(client, server), { write: (piece) => (text += piece) });
      } catch (error) {
        failure ??= error;
      }
      deps.out.write(alignTabs(`${text}\n`, { minWidth: 20, padding: 1 }));
    } else
      deps.out.write(
        alignTabs(`${clientText(client)}${server ? `\n\n${serverText(server)}` : ""}\n`, { minWidth: 20, padding: 1 }),
      );
    if (failure !== null) throw failure;
  },
});

const rows = (indent: string, pairs: readonly (readonly [string, unknown])[]) =>
  pairs
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([label, value]) => `${indent}${label}:\t${String(value)}`);

function clientText({
  Platform,
  Version,
  ApiVersion = "",
  DefaultAPIVersion,
  GoVersion,
  GitCommit,
  BuildTime,
  Os,
  Arch,
  Context,
}: ClientInfo): string {
  const api = ApiVersion === DefaultAPIVersion ? ApiVersion : `${ApiVersion} (downgraded from ${DefaultAPIVersion})`;
  return [
    `Client: ${Platform.Name}`,
    ...rows(" ", [
      ["Version", Version],
      ["API version", api],
      ["Go version", GoVersion],
      ["Git commit", GitCommit],
      ["Built", BuildTime],
      ["OS/Arch", `${Os}/${Arch}`],
      ["Context", Context],
    ]),
  ].join("\n");
}

function serverText(server: Record<string, unknown>): string {
  const platform = isObject(server["Platform"]) ? String(server["Platform"]["Name"] ?? "") : "";
  const lines = [platform === "" ? "Server:" : `Server: ${platform}`];
  for (const component of Array.isArray(server["Components"]) ? server["Components"] : []) {
    if (!isObject(component)) continue;
    const details = isObject(component["Details"]) ? component["Details"] : {};
    lines.push(` ${String(component["Name"])}:`);
    if (component["Name"] === "Engine") {
      lines.push(
        ...rows("  ", [
          ["Version", server["Version"]],
          [
            "API version",
            `${String(details["ApiVersion"] ?? "")} (minimum version ${String(details["MinAPIVersion"] ?? "")})`,
          ],
          ["Go version", details["GoVersion"]],
          ["Git commit", details["GitCommit"]],
          ["Built", details["BuildTime"]],
          ["OS/Arch", `${String(details["Os"] ?? "")}/${String(details["Arch"] ?? "")}`],
          ["Experimental", details["Experimental"]],
        ]),
      );
    } else
      lines.push(
        ...rows("  ", [
          ["Version", component["Version"]],
          ...Object.keys(details)
            .sort()
            .map((key) => [key, details[key]] as const),
        ]),
      );
  }
  return lines.join("\n");
}

/** The answer with an Engine component, which old engines do not send, and with its build time for people. */
function withEngine(server: Record<string, unknown>): Record<string, unknown> {
  const components = Array.isArray(server["Components"]) ? server["Components"].filter(isObject) : [];
  if (components.some(({ Name }) => Name === "Engine")) {
    const Components = components.map((component) => {
      const details = component["Details"];
      if (component["Name"] !== "Engine" || !isObject(details) || details["BuildTime"] === undefined) return component;
      return { ...component, Details: { ...details, BuildTime: readable(details["BuildTime"]) } };
    });
    return { ...server, Components };
  }
  const { Version, ApiVersion, MinAPIVersion, GitCommit, GoVersion, Os, Arch, BuildTime, Experimental } = server;
  const Details = {
    ApiVersion,
    MinAPIVersion,
    GitCommit,
    GoVersion,
    Os,
    Arch,
    BuildTime: readable(BuildTime),
    Experimental: String(Experimental === true),
  };
  return { ...server, Components: [...components, { Name: "Engine", Version, Details }] };
}

/** `Mon Jan _2 15:04:05 2006` */
function readable(time: unknown): unknown {
  return typeof time === "string" ? (GoTime.parse(time)?.format("Mon Jan _2 15:04:05 2006") ?? time) : time;
}
