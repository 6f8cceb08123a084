import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import type { ProgressEvent } from "../../../api/progress.ts";
import { type BuildOptions, buildFromIndex, buildImage, checkBuild } from "../../../client/build.ts";
import type { Client } from "../../../client/client.ts";
import type { QueryValue } from "../../../client/query.ts";
import { parseSwapBytes } from "../../../lib/bytes.ts";
import { gzip } from "../../archive/gzip.ts";
import { exactArgs } from "../../args.ts";
import { allCredentials, encodeAuth } from "../../auth/credentials.ts";
import { type Built, nothingBuilt, readBuilt } from "../../build/built.ts";
import { cacheSources, cacheTargets, writeLocalCaches } from "../../build/caches.ts";
import { indexFolders } from "../../build/context-index.ts";
import { type BuildProgress, displayBuild } from "../../build/display.ts";
import { namesOf, parseOutput, readSecrets, readSsh } from "../../build/inputs.ts";
import { ociLayouts } from "../../build/layouts.ts";
import { metadata } from "../../build/metadata.ts";
import { exportBuild } from "../../build/outputs.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import type { FlagValues } from "../../flags/flag.ts";
import { bool, bytes, custom, int, list, listOf, string, stringSlice } from "../../flags/kinds.ts";
import { humanSize } from "../../format/units.ts";
import { labelMap } from "../../labels.ts";
import { displayProgress } from "../../progress/display.ts";
import { countSent } from "../../progress/sent.ts";
import { parseReference } from "../../reference.ts";
import { refuseContentTrust, trustFlag } from "../../trust.ts";
import { checkEnv, checkLabel } from "../container/options/key-values.ts";
import { mergeUlimits, parseUlimit } from "../container/options/limits.ts";
import { parseExtraHost } from "../container/options/names.ts";
import { withProxies } from "../container/options/proxy.ts";
import { isRemote, openContext } from "./context.ts";

const flags = {
  allow: stringSlice("Entitlements for the Dockerfile: security.insecure, network.host, device"),
  annotation: list("Annotation of the result: [manifest|index|manifest-descriptor[platform]:]key=value", {
    type: "stringArray",
  }),
  "add-host": list('Host to add to /etc/hosts of build steps ("host:ip")', { parse: parseExtraHost }),
  attest: list("Attestation of the result: type=sbom or type=provenance[,mode=min|max]", { type: "stringArray" }),
  "build-arg": list("Variable of the build", { parse: checkEnv }),
  "build-context": list("Further context: name=directory, name=docker-image://image, name=git-url", {
    type: "stringArray",
  }),
  "cache-from": list("Cache to take from: an image, type=registry,ref=name or type=local,src=folder", {
    type: "stringArray",
  }),
  "cache-to": list(
    "Where the build's cache is written to: type=registry,ref=name, type=local,dest=folder (each with " +
      "mode=min|max) or type=inline",
    { type: "stringArray" },
  ),
  check: bool("Look the Dockerfile over and build nothing"),
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
  graph: bool("Print the stages and what each needs, and build nothing"),
  iidfile: string("File to write the image's id to"),
  isolation: string("Isolation of build steps"),
  label: list("Set metadata of the image", { parse: checkLabel }),
  memory: bytes("Memory limit of build steps", { short: "m" }),
  "memory-swap": custom("bytes", "Limit of memory and swap together; -1 for no limit on swap", parseSwapBytes),
  load: bool("Keep the result in the image store, as is always done"),
  "metadata-file": string("File to write facts of the build to"),
  network: string("Network of build steps", { default: "default", minApi: "1.25" }),
  "no-cache": bool("Build every step anew"),
  "no-cache-filter": stringSlice("Stages to build anew"),
  output: list("Where the result goes: a directory, -, or type=local|tar|oci|docker|image|registry,dest=path", {
    short: "o",
    type: "stringArray",
  }),
  platform: stringSlice("Platforms to build for: an image each, behind one index", { minApi: "1.38" }),
  provenance: string("Short for --attest type=provenance: true, false or mode=min|max"),
  progress: string("How the build is shown: auto, plain, tty, quiet, rawjson", { default: "auto" }),
  push: bool("Push the result to its registry"),
  pull: bool("Ask registries for newer base images in any case"),
  quiet: bool("Print the image's id only", { short: "q" }),
  "rewrite-timestamp": bool("Nothing in the result is younger than SOURCE_DATE_EPOCH, or 1970 where that is not set"),
  rm: bool("Remove intermediate containers after a build that went well", { default: true }),
  sbom: string("Short for --attest type=sbom: true or false"),
  secret: list("Secret for the build: id=name[,src=file|env=NAME]", { type: "stringArray" }),
  "security-opt": stringSlice("Security option of build steps"),
  "shm-size": bytes("Size of /dev/shm in build steps"),
  ssh: list("Agent's socket for the build: default or id[=socket]", { type: "stringArray" }),
  squash: bool("Squash the new layers into one", { minApi: "1.25" }),
  tag: list('Name of the image, "name:tag"', { short: "t", parse: checkTag }),
  target: string("Stage to build"),
  ulimit: listOf("ulimit", "Limit on the resources of build steps", parseUlimit),
};

export default defineCommand({
  usage: "[OPTIONS] PATH | URL | -",
  args: exactArgs(1),
  flags,
  async run(deps, [source = ""], values) {
    refuseContentTrust(deps, values["disable-content-trust"]);
    // A stale id must not survive a build that fails.
    if (values.iidfile !== "") await rm(values.iidfile, { force: true });
    const progress = progressOf(deps, values);
    const outputs = values.output.map(parseOutput);
    if (values.push) outputs.push({ type: "image", names: [], push: true });
    const secrets = await readSecrets(values.secret, deps.env);
    const ssh = readSsh(values.ssh, deps.env);
    const [cacheFrom, cacheTo] = [
      await cacheSources(deps, values["cache-from"], !isRemote(source) || existsSync(source)),
      cacheTargets(values["cache-to"]),
    ];
    const layouts = ociLayouts(values["build-context"]);
    const opened = await openContext(deps, source, values.file, [...layouts.contexts, ...cacheFrom.contexts]);
    const { archive, dockerfile, remote, folders } = opened;
    const contexts = { ...opened.contexts, ...layouts.images };
    const client = await deps.client();
    if (values.ssh.length > 0 && !client.host.startsWith("unix:"))
      throw new CliError("--ssh needs an engine on this machine: the agent's socket cannot be reached from elsewhere");
    const parameters = {
      ...(await query(deps, client.host, values)),
      t: namesOf(values.tag, outputs),
      cachefrom: cacheFrom.specs.length > 0 ? JSON.stringify(cacheFrom.specs) : undefined,
      cacheto: cacheTo.specs,
      dockerfile,
      remote,
      ssh: Object.keys(ssh).length > 0 ? JSON.stringify(ssh) : undefined,
      contexts: Object.keys(contexts).length > 0 ? JSON.stringify(contexts) : undefined,
    };
    const context = archive && (values.compress ? gzip(archive) : archive);
    const options = { registryConfig: encodeAuth(await allCredentials(deps)), secrets };
    if (values.check || values.graph)
      return inspectDockerfile(
        deps,
        client,
        { ...parameters, check: values.check, graph: values.graph },
        { ...options, ...(context && { context }) },
      );

    // What is built may go to standard output itself: then nothing else does.
    const told = outputs.some((output) => "dest" in output && output.dest === "-") ? { ...deps, out: deps.err } : deps;
    const asked = progress === "classic" ? parameters : { ...parameters, q: false, progress: "events" };
    // An image layout is read before the engine can ask for anything.
    const indexed =
      folders && !values.compress && Object.keys(layouts.images).length === 0 && (await client.isBerth())
        ? indexFolders(folders, hostname())
        : undefined;
    const messages = indexed
      ? buildFromIndex(client, asked, indexed.index, indexed.content, options)
      : buildImage(client, asked, {
          ...options,
          ...(context && { context: progress === "classic" ? countSent(told.out, context, values.quiet) : context }),
        });
    const built =
      progress === "classic"
        ? await buildClassic(told, messages, values.quiet)
        : await displayBuild(deps.err, messages, progress, deps.env["NO_COLOR"] === undefined);
    if (indexed && (progress === "tty" || progress === "plain"))
      deps.err.write(
        `\nOf ${humanSize(indexed.size)} in ${indexed.files} files, ${humanSize(indexed.sent())} went to the engine\n`,
      );
    for (const output of outputs)
      await exportBuild(deps, client, built, output, { tags: values.tag, quiet: values.quiet });
    await writeLocalCaches(client, built, cacheTo);
    if (values.quiet && progress !== "classic") told.out.write(`${built.id}\n`);
    if (values["metadata-file"] !== "") {
      await writeFile(values["metadata-file"], `${JSON.stringify(metadata(built, parameters.t), null, 2)}\n`);
    }
    if (values.iidfile === "") return;
    if (built.id === "") throw new CliError(`Server did not provide an image ID. Cannot write ${values.iidfile}`);
    await writeFile(values.iidfile, built.id);
  },
});

/** Who watches a terminal gets the live view; what a program reads stays as Docker's builder writes it. */
function progressOf(deps: CommandDeps, values: FlagValues<typeof flags>): BuildProgress | "classic" {
  const asked = values.progress === "auto" ? deps.env["BUILDKIT_PROGRESS"] || "auto" : values.progress;
  switch (asked) {
    case "auto":
      return deps.err.isTerminal && deps.out.isTerminal && !values.quiet ? "tty" : "classic";
    case "tty":
      if (!deps.err.isTerminal) throw new CliError("failed to get console: provided file is not a console");
      return values.quiet ? "quiet" : "tty";
    case "plain":
    case "rawjson":
    case "quiet":
      return values.quiet ? "quiet" : asked;
    default:
      throw new CliError(`invalid progress mode ${asked}: it should be auto, plain, tty, quiet or rawjson`);
  }
}

async function buildClassic(deps: CommandDeps, messages: AsyncIterable<ProgressEvent>, quiet: boolean): Promise<Built> {
  let built = nothingBuilt;
  let text = "";
  const out = quiet
    ? { ...deps.out, isTerminal: false, write: (data: string | Uint8Array) => void (text += String(data)) }
    : deps.out;
  try {
    await displayProgress(out, messages, {
      onAux: (aux) => {
        built = readBuilt(aux) ?? built;
      },
    });
  } catch (error) {
    if (quiet) deps.err.write(text);
    throw error;
  }
  if (quiet) deps.out.write(text === "" && built.id !== "" ? `${built.id}\n` : text);
  return built.id === "" ? { ...built, id: text.trim() } : built;
}

/**
 * `--check` and `--graph`: what the engine says of a Dockerfile without building it. The exit code tells of findings.
 */
async function inspectDockerfile(
  deps: CommandDeps,
  client: Client,
  parameters: Readonly<Record<string, QueryValue>>,
  options: BuildOptions,
): Promise<number> {
  const { graph, findings } = await checkBuild(client, parameters, options);
  if (graph !== undefined) {
    deps.out.write(`${graph}\n`);
    return 0;
  }
  if (findings.length === 0) {
    deps.out.write("Check complete, no warnings found.\n");
    return 0;
  }
  for (const { Rule, Message, Line, File, Source } of findings)
    deps.out.write(`WARNING: ${Rule} - ${ruleUrl(Rule)}\n${Message}\n${File}:${Line}\n${Source}\n\n`);
  deps.out.write(
    `Check complete, ${findings.length} ${findings.length === 1 ? "warning has" : "warnings have"} been found!\n`,
  );
  return 1;
}

/** `--sbom=true`, `--provenance=mode=max`; what else stands there goes on as it is. */
function shortAttest(type: string, value: string): string[] {
  if (value === "") return [];
  const on = value.toLowerCase() === "true" || value === "1";
  const off = value.toLowerCase() === "false" || value === "0";
  return [`type=${type}${on ? "" : off ? ",disabled=true" : `,${value}`}`];
}

/** Where Docker explains a rule. */
function ruleUrl(rule: string): string {
  return `https://docs.docker.com/go/dockerfile/rule/${rule
    .replace(/JSON/, "Json")
    .replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`)
    .toLowerCase()}/`;
}

function checkTag(name: string): string {
  parseReference(name);
  return name;
}

/** The parameters of the build endpoint. */
async function query(deps: CommandDeps, engineHost: string, values: FlagValues<typeof flags>) {
  const { proxies } = await deps.config();
  const named = values["build-arg"].map((pair): [string, string | null] => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, deps.env[pair] ?? null] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  const set = named.flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]));
  const withProxy = proxies ? withProxies(set, { proxies, engineHost }) : set;
  const epoch = deps.env["SOURCE_DATE_EPOCH"] || (values["rewrite-timestamp"] ? "0" : "");
  const args = { ...(epoch && { SOURCE_DATE_EPOCH: epoch }), ...Object.fromEntries(named), ...labelMap(withProxy) };
  const json = (value: unknown, isEmpty: boolean) => (isEmpty ? undefined : JSON.stringify(value));
  const number = (value: number | null) => value || undefined;
  return {
    t: values.tag,
    q: values.quiet,
    nocache: values["no-cache"],
    nocachefilter: values["no-cache-filter"].join(",") || undefined,
    pull: values.pull,
    rm: values.rm ? "1" : "0",
    forcerm: values["force-rm"],
    isolation: values.isolation,
    cpusetcpus: values["cpuset-cpus"],
    cpusetmems: values["cpuset-mems"],
    networkmode: values.network,
    cpushares: number(values["cpu-shares"]),
    cpuquota: number(values["cpu-quota"]),
    cpuperiod: number(values["cpu-period"]),
    memory: number(values.memory),
    memswap: number(values["memory-swap"]),
    cgroupparent: values["cgroup-parent"],
    shmsize: number(values["shm-size"]),
    ulimits: json(mergeUlimits(values.ulimit), values.ulimit.length === 0),
    buildargs: json(args, Object.keys(args).length === 0),
    labels: json(labelMap(values.label), values.label.length === 0),
    extrahosts: values["add-host"],
    securityopt: values["security-opt"],
    target: values.target,
    squash: values.squash,
    platform: values.platform.join(",") || deps.env["DOCKER_DEFAULT_PLATFORM"] || "",
    version: "1",
    allow: values.allow,
    attest: [...values.attest, ...shortAttest("sbom", values.sbom), ...shortAttest("provenance", values.provenance)],
    annotation: values.annotation,
    describe: values["metadata-file"] !== "" || undefined,
  };
}
