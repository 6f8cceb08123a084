import { rm, writeFile } from "node:fs/promises";
import { buildImage } from "../../../client/build.ts";
import { exactArgs } from "../../args.ts";
import { allCredentials, encodeAuth } from "../../auth/credentials.ts";
import { gzip } from "../../archive/gzip.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { bool, bytes, custom, int, list, listOf, string, stringSlice } from "../../flags/kinds.ts";
import { parseSwapBytes } from "../../flags/bytes.ts";
import type { FlagValues } from "../../flags/flag.ts";
import { labelMap } from "../../labels.ts";
import { displayProgress } from "../../progress/display.ts";
import { countSent } from "../../progress/sent.ts";
import { parseReference } from "../../reference.ts";
import { refuseContentTrust, trustFlag } from "../../trust.ts";
import { checkEnv, checkLabel } from "../container/options/key-values.ts";
import { mergeUlimits, parseUlimit } from "../container/options/limits.ts";
import { parseExtraHost } from "../container/options/names.ts";
import { withProxies } from "../container/options/proxy.ts";
import { openContext } from "./context.ts";

const flags = {
  "add-host": list('Host to add to /etc/hosts of build steps ("host:ip")', { parse: parseExtraHost }),
  "build-arg": list("Variable of the build", { parse: checkEnv }),
  "cache-from": stringSlice("Image to take cached layers of"),
  "cgroup-parent": string("Cgroup above those of the build's steps"),
  compress: bool("Compress the context with gzip on its way"),
  "cpu-period": int("Period of the CPU limit of build steps, in microseconds"),
  "cpu-quota": int("CPU time that build steps may take in each period, in microseconds"),
  "cpu-shares": int("Weight of build steps where CPUs are short", { short: "c" }),
  "cpuset-cpus": string("CPUs for build steps (0-3, 0,1)"),
  "cpuset-mems": string("Memory nodes for build steps (0-3, 0,1)"),
  "disable-content-trust": trustFlag("Skip the check of signatures"),
  file: string('Path of the Dockerfile ("PATH/Dockerfile" by default)', { short: "f" }),
  "force-rm": bool("Remove intermediate containers in any case"),
  iidfile: string("File to write the image's id to"),
  isolation: string("Isolation of build steps"),
  label: list("Set metadata of the image", { parse: checkLabel }),
  memory: bytes("Memory limit of build steps", { short: "m" }),
  "memory-swap": custom("bytes", "Limit of memory and swap together; -1 for no limit on swap", parseSwapBytes),
  network: string("Network of build steps", { default: "default", minApi: "1.25" }),
  "no-cache": bool("Build every step anew"),
  platform: string("Platform to build for", { minApi: "1.38" }),
  pull: bool("Ask registries for newer base images in any case"),
  quiet: bool("Print the image's id only", { short: "q" }),
  rm: bool("Remove intermediate containers after a build that went well", { default: true }),
  "security-opt": stringSlice("Security option of build steps"),
  "shm-size": bytes("Size of /dev/shm in build steps"),
  squash: bool("Squash the new layers into one", { minApi: "1.25" }),
  tag: list('Name of the image, "name:tag"', { short: "t", parse: checkTag }),
  target: string("Stage to build"),
  ulimit: listOf("ulimit", "Limit on the resources of build steps", parseUlimit),
};

export default defineCommand({
  usage: "[OPTIONS] PATH | URL | -",
  args: exactArgs(1),
  flags,
  async run(ctx, [source = ""], values) {
    refuseContentTrust(ctx, values["disable-content-trust"]);
    // A stale id must not survive a build that fails.
    if (values.iidfile !== "") await rm(values.iidfile, { force: true });
    const { archive, dockerfile, remote } = await openContext(ctx, source, values.file);
    const client = await ctx.client();
    const sent = archive && countSent(ctx.out, values.compress ? gzip(archive) : archive, values.quiet);
    const messages = buildImage(client, { ...(await query(ctx, client.host, values)), dockerfile, remote }, {
      ...(sent && { context: sent }), registryConfig: encodeAuth(await allCredentials(ctx)),
    });
    let id = "";
    let text = "";
    const out = values.quiet ? { ...ctx.out, isTerminal: false, write: (data: string | Uint8Array) => void (text += String(data)) } : ctx.out;
    try {
      await displayProgress(out, messages, {
        onAux: (aux) => {
          if (typeof aux === "object" && aux !== null && "ID" in aux) id = String(aux.ID);
        },
      });
    } catch (error) {
      if (values.quiet) ctx.err.write(text);
      throw error;
    }
    if (values.quiet) ctx.out.write(text === "" && id !== "" ? `${id}\n` : text);
    if (values.iidfile === "") return;
    const built = id || text.trim();
    if (built === "") throw new CliError(`Server did not provide an image ID. Cannot write ${values.iidfile}`);
    await writeFile(values.iidfile, built);
  },
});

function checkTag(name: string): string {
  parseReference(name);
  return name;
}

/** The parameters of the build endpoint. */
async function query(ctx: CommandContext, engineHost: string, values: FlagValues<typeof flags>) {
  const { proxies } = await ctx.config();
  const named = values["build-arg"].map((pair): [string, string | null] => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, ctx.env[pair] ?? null] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  const set = named.flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]));
  const withProxy = proxies ? withProxies(set, { proxies, engineHost }) : set;
  const args = { ...Object.fromEntries(named), ...labelMap(withProxy) };
  const json = (value: unknown, isEmpty: boolean) => (isEmpty ? undefined : JSON.stringify(value));
  const number = (value: number | null) => value || undefined;
  return {
    t: values.tag, q: values.quiet, nocache: values["no-cache"], pull: values.pull, rm: values.rm ? "1" : "0", forcerm: values["force-rm"],
    isolation: values.isolation, cpusetcpus: values["cpuset-cpus"], cpusetmems: values["cpuset-mems"], networkmode: values.network,
    cpushares: number(values["cpu-shares"]), cpuquota: number(values["cpu-quota"]), cpuperiod: number(values["cpu-period"]),
    memory: number(values.memory), memswap: number(values["memory-swap"]), cgroupparent: values["cgroup-parent"], shmsize: number(values["shm-size"]),
    ulimits: json(mergeUlimits(values.ulimit), values.ulimit.length === 0), buildargs: json(args, Object.keys(args).length === 0),
    labels: json(labelMap(values.label), values.label.length === 0), cachefrom: json(values["cache-from"], values["cache-from"].length === 0),
    extrahosts: values["add-host"], securityopt: values["security-opt"],
    target: values.target, squash: values.squash, platform: values.platform || ctx.env["DOCKER_DEFAULT_PLATFORM"] || "", version: "1",
  };
}
