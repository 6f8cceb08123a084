import { cancelled, EngineError, errorMessage } from "../lib/errors.ts";
import { resolveUser } from "../runtime/spec/user.ts";
import { makeWorkdir } from "../runtime/spec/workdir.ts";
import { cloneGit, isArchive, isGit, isUrl } from "./add-source.ts";
import { CacheLost } from "./cache/imported.ts";
import { cacheKey } from "./cache-key.ts";
import { epochTime } from "./clamp-times.ts";
import { commandOf, configure, type Configuration } from "./configure.ts";
import { copyStep, expandCopy, placed, planForKey, type ExpandedCopy } from "./copy-step.ts";
import type { Instruction } from "./dockerfile/instructions.ts";
import { DockerfileError, type Range } from "./dockerfile/source.ts";
import { parseTrigger } from "./dockerfile/parse.ts";
import type { StepInfo } from "../api/build-events.ts";
import { fetchUrl } from "./fetch-url.ts";
import { layerStep, type LayerStep } from "./layer-step.ts";
import { origin, type PlannedStage } from "./plan.ts";
import { formatPlatform, hostPlatform, platformScore } from "../oci/platform.ts";
import { emptyResult, resultId, type StageResult } from "./result.ts";
import { prepareRunMounts, type MountOrigin } from "./run-mounts.ts";
import { runStep } from "./run-step.ts";
import type { Solve } from "./solve.ts";
import { copyArchive, digestItems, planCopy } from "./source/copy-plan.ts";
import type { FolderTree } from "./source/folder-tree.ts";
import { MemoryTree } from "./source/memory-tree.ts";
import { inside } from "./source/path.ts";
import { resolve, type SourceTree } from "./source/tree.ts";
import { platformArgs, predefinedArgs, Variables } from "./variables.ts";
import { withView } from "./view.ts";

/** A command of RUN that failed; the exit code is the build's. */
export class RunFailed extends EngineError {
  constructor(readonly command: string, readonly exitCode: number, readonly range: Range, message = `process "${command}" did not complete successfully: exit code: ${exitCode}`) {
    super("invalid", message);
  }
}

/** Solves one stage, instruction by instruction. */
export async function solveStage(build: Solve, planned: PlannedStage): Promise<StageResult> {
  // What it will need starts now; the instruction that needs it waits for it.
  for (const need of planned.needs) build.stage(need).catch(() => {});
  return new StageRun(build, planned).run();
}

class StageRun {
  #state: StageResult;
  #variables: Variables;
  #configuration: Configuration;
  #step: StepInfo | undefined;

  constructor(private readonly build: Solve, private readonly planned: PlannedStage) {
    this.#state = emptyResult(planned.platform);
    this.#variables = new Variables(build.dockerfile.escape, []);
    this.#configuration = { config: {}, author: "", cmdSet: false };
  }

  async run(): Promise<StageResult> {
    const { build, planned } = this;
    const { stage } = planned;
    const steps: StepInfo[] = [stage.from, ...stage.instructions].map((instruction, index, all) => ({
      id: `${build.prefix}${stage.index}.${index}`, stage: build.several ? `${platformLabel(planned)} ${stage.name ?? `stage-${stage.index}`}` : stage.name ?? String(stage.index), stageIndex: stage.index, number: index + 1, total: all.length, text: oneLine(instruction.text),
    }));
    for (const step of steps) build.events.emit({ kind: "step", step });
    this.#step = steps[0];
    await this.#told(stage.from, () => this.#begin());
    // What is wrong with a trigger is told where the base is named.
    const triggers = (this.#configuration.config.OnBuild ?? []).map((trigger) => ({ ...parseTrigger(trigger), range: stage.from.range }));
    this.#configuration.config.OnBuild = undefined;
    for (const trigger of triggers) await this.#told(trigger, () => this.#apply(trigger));
    for (const [index, instruction] of stage.instructions.entries()) {
      build.signal.throwIfAborted();
      this.#step = steps[index + 1];
      await this.#told(instruction, () => this.#apply(instruction));
    }
    return { ...this.#state, config: this.#configuration.config, author: this.#configuration.author, args: this.#variables.allArgs() };
  }

  /** The base: its layers, its configuration, its environment. */
  async #begin(): Promise<void> {
    const { build, planned } = this;
    this.#started();
    const base = await build.open(planned.base, planned, (text) => this.#status(text));
    const result = "result" in base ? base.result : emptyResult(planned.platform);
    if (planned.base.kind === "image" && platformScore(planned.platform, result.platform) === 0) {
      const message = `Base image ${planned.base.ref} was pulled with platform "${formatPlatform(result.platform)}", expected "${formatPlatform(planned.platform)}" for current build`;
      build.events.emit({ kind: "warning", rule: "InvalidBaseImagePlatform", message, line: planned.stage.from.range.start });
    }
    this.#state = { ...result, config: structuredClone(result.config), history: [...result.history] };
    this.#configuration = { config: structuredClone(result.config), author: result.author, cmdSet: false };
    if (!this.#configuration.config.Env?.some((entry) => entry.startsWith("PATH="))) {
      this.#configuration.config.Env = [...emptyResult(planned.platform).config.Env ?? [], ...(this.#configuration.config.Env ?? [])];
    }
    this.#variables = new Variables(build.dockerfile.escape, this.#configuration.config.Env ?? []);
    for (const [name, value] of result.args) this.#variables.setArg(name, value);
    if ("tree" in base) await this.#copyTree(base.tree, planned.stage.from);
    this.#done();
  }

  async #apply(instruction: Instruction): Promise<void> {
    switch (instruction.kind) {
      case "ARG": return this.#arg(instruction);
      case "RUN": return this.#run(instruction);
      case "COPY":
      case "ADD": return this.#copy(instruction);
      case "WORKDIR": return this.#workdir(instruction);
      default: {
        this.#started();
        const created = configure(this.#configuration, instruction, this.#variables);
        if (created === undefined) throw new DockerfileError(`unexpected ${instruction.kind}`, instruction.range);
        this.#remember(created, undefined);
        this.#done();
      }
    }
  }

  #arg(instruction: Extract<Instruction, { kind: "ARG" }>): void {
    this.#started();
    const { build, planned } = this;
    const automatic = platformArgs(hostPlatform(), planned.target, build.request.target || "default");
    for (const { name, value } of instruction.args) {
      const given = build.request.buildArgs[name];
      build.consumed.add(name);
      const own = given ?? (value !== undefined ? this.#variables.expand(value, instruction.range) : planned.globals.get(name) ?? automatic[name]);
      if (own !== undefined) this.#variables.setArg(name, own);
      this.#remember(`ARG ${name}${own === undefined ? "" : `=${own}`}`, undefined);
    }
    this.#done();
  }

  async #workdir(instruction: Extract<Instruction, { kind: "WORKDIR" }>): Promise<void> {
    const path = this.#variables.expand(instruction.path, instruction.range);
    const { config } = this.#configuration;
    config.WorkingDir = `/${inside(path.startsWith("/") ? path : `${config.WorkingDir ?? "/"}/${path}`)}`;
    const directory = config.WorkingDir;
    await this.#layer(`WORKDIR ${directory}`, { workdir: directory, ...(config.User && { user: config.User }) }, [], async (root) => {
      makeWorkdir(root, directory, config.User ? resolveUser(root, config.User, []) : undefined);
    }, { dropEmpty: true });
  }

  async #run(instruction: Extract<Instruction, { kind: "RUN" }>): Promise<void> {
    const { build } = this;
    const { config } = this.#configuration;
    this.#entitled(instruction);
    const { argv, script } = this.#commandOfRun(instruction);
    const mounts = instruction.rawMounts.length === 0 ? [] : instruction.mounts.map((mount) => ({
      ...mount,
      ...(mount.target !== undefined && { target: this.#variables.expand(mount.target, instruction.range) }),
      ...(mount.source !== undefined && { source: this.#variables.expand(mount.source, instruction.range) }),
      ...(mount.from !== undefined && { from: this.#variables.expand(mount.from, instruction.range) }),
      ...(mount.id !== undefined && { id: this.#variables.expand(mount.id, instruction.range) }),
    }));
    const args = this.#variables.args();
    const inputs = await Promise.all(mounts.map(async (mount) => {
      if (mount.type !== "bind" && !(mount.type === "cache" && mount.from)) return "";
      const from = await this.#mountOrigin(mount.from, instruction);
      if ("chain" in from) return from.chain.at(-1) ?? "scratch";
      return digestItems(from.tree, placed(instruction.range, () => planCopy(from.tree, { sources: [mount.source || "/"], destination: "/", exclude: [], parents: false, owner: undefined, chmod: (mode) => mode, target: () => undefined })));
    }));
    const shown = [...args.filter(([name]) => !predefinedArgs.has(name)).map(([name, value]) => `${name}=${value}`)];
    const network = instruction.network === "default" ? build.request.network || "default" : instruction.network;
    const cwd = config.WorkingDir || "/";
    const operation = { run: argv, script: script?.content ?? "", env: config.Env ?? [], args: shown, cwd, user: config.User ?? "", mounts, network, security: instruction.security, resources: build.request.resources };
    const created = `RUN ${shown.length > 0 ? `|${shown.length} ${shown.join(" ")} ` : ""}${argv.join(" ")}`;
    await this.#layer(created, operation, inputs, async (root) => {
      await using undo = new AsyncDisposableStack();
      const prepared = await prepareRunMounts(build.ctx, build.request, instruction, mounts, cwd, (mount) => this.#mountFiles(mount.from, instruction), undo, build.signal, script);
      // Proxies are given to every step without being part of it.
      const proxies = Object.entries(build.request.buildArgs).filter(([name]) => predefinedArgs.has(name));
      const exitCode = await this.#emulated((output) => runStep(build.ctx, {
        rootfs: root, argv, cwd, user: config.User ?? "", mounts: prepared.mounts, network, insecure: instruction.security === "insecure", build: build.request, signal: build.signal,
        env: [...proxies, ...args].map(([name, value]) => `${name}=${value}`).concat(config.Env ?? [], prepared.env),
        output,
      }));
      if (exitCode !== 0) throw new RunFailed(argv.join(" "), exitCode, instruction.range);
    });
  }

  /** What leaves the sandbox needs the word of whoever builds, not of the Dockerfile alone. */
  #entitled({ security, network, devices, range }: Extract<Instruction, { kind: "RUN" }>): void {
    const { allow, network: asked } = this.build.request;
    const refuse = (entitlement: string, near: string) => { throw new DockerfileError(`${entitlement} is not allowed`, range, { near }); };
    if (security === "insecure" && !allow.has("security.insecure")) refuse("security.insecure", "--security=insecure");
    for (const device of devices) if (/,required(=true)?(,|$)/.test(device)) throw new DockerfileError(`required CDI device "${device.replace(/,.*/, "")}" is not registered`, range, { near: device });
    if (network === "host" && asked !== "host" && !allow.has("network.host")) refuse("network.host", "--network=host");
  }

  /** What the kernel cannot run for want of an emulator is told as that. */
  async #emulated(run: (output: (stream: 1 | 2, data: Uint8Array) => Promise<void>) => Promise<number>): Promise<number> {
    const { build, planned } = this;
    const foreign = platformScore(planned.platform, hostPlatform()) === 0;
    const refusal = /exec format error/i;
    let refused = false;
    const output = (stream: 1 | 2, data: Uint8Array) => {
      refused ||= foreign && stream === 2 && refusal.test(Buffer.from(data).toString());
      return build.events.output(this.#step?.id ?? "", stream, data);
    };
    // A runtime says so itself, or in the place of the program that it could not start.
    const exitCode = await run(output).catch((error: unknown) => {
      if (!foreign || !refusal.test(errorMessage(error))) throw error;
      refused = true;
      return 1;
    });
    if (!refused || exitCode === 0) return exitCode;
    throw new EngineError("invalid", `cannot run programs for ${formatPlatform(planned.platform)} on ${formatPlatform(hostPlatform())}: exec format error: install an emulator (qemu-user-static and binfmt-support), or build in a stage FROM --platform=$BUILDPLATFORM`);
  }

  /** Here-documents: one alone is the script itself (or, with `#!`, a program); others follow the command as a shell reads them. */
  #commandOfRun({ command }: Extract<Instruction, { kind: "RUN" }>): { argv: string[]; script?: { path: string; content: string } } {
    const { config } = this.#configuration;
    if (command.form === "exec" || command.heredocs.length === 0) return { argv: commandOf(config, command) };
    const [first] = command.heredocs;
    if (first && command.heredocs.length === 1 && /^<<-?["']?[^"'\s]+["']?$/.test(command.text)) {
      if (!first.content.startsWith("#!")) return { argv: commandOf(config, { form: "shell", text: first.content, heredocs: [] }) };
      const path = `/dev/pipes/${first.name}`;
      return { argv: [path], script: { path, content: first.content } };
    }
    const text = [command.text, ...command.heredocs.map((doc) => `${doc.content}${doc.name}`)].join("\n");
    return { argv: commandOf(config, { form: "shell", text, heredocs: [] }) };
  }

  async #mountOrigin(from: string | undefined, instruction: Instruction): Promise<{ tree: SourceTree } | StageResult> {
    if (from === undefined) return { tree: this.build.request.context };
    const opened = await this.#open(from, instruction);
    return "tree" in opened ? opened : opened.result;
  }

  async #mountFiles(from: string | undefined, instruction: Instruction): Promise<MountOrigin> {
    const origin = await this.#mountOrigin(from, instruction);
    if ("chain" in origin) await this.build.imported.materialize(origin, this.build.signal);
    return origin;
  }

  #open(name: string, instruction: Instruction) {
    const { build, planned } = this;
    const found = origin(name, build.dockerfile.stages.slice(0, planned.stage.index), new Set(build.request.contexts.keys()));
    if (found.kind === "scratch") throw new DockerfileError(`invalid from flag value ${name}: scratch holds nothing`, instruction.range);
    if (found.kind === "image" && /^\d+$/.test(name)) throw new DockerfileError(`invalid stage index ${name}`, instruction.range, { near: name });
    return build.open(found, planned, (text) => this.#status(text), { range: instruction.range, near: name });
  }

  async #copy(instruction: Extract<Instruction, { kind: "COPY" | "ADD" }>): Promise<void> {
    const { build } = this;
    const copy = expandCopy(instruction, this.#variables, this.#configuration.config.WorkingDir || "/");
    if (copy.sources.length + copy.inline.length > 1 && !/(^|\/)\.?$/.test(instruction.destination)) {
      throw new DockerfileError(`When using ${instruction.kind} with more than one source file, the destination must be a directory and end with a /`, instruction.range, { near: instruction.destination });
    }
    const created = `${instruction.kind} ${[...copy.sources, ...copy.inline.map((doc) => `<<${doc.name}`)].join(" ")} ${instruction.destination} # buildkit`;
    const parts: { tree: SourceTree; copy: ExpandedCopy }[] = [];
    await using opened = new AsyncDisposableStack();
    if (copy.inline.length > 0) {
      const tree = new MemoryTree(copy.inline.map((doc) => ({ name: doc.name, content: Buffer.from(doc.content) })));
      parts.push({ tree, copy: { ...copy, sources: copy.inline.map((doc) => doc.name) } });
    }
    if (instruction.kind === "COPY") {
      const from = instruction.from === undefined ? undefined : this.#variables.expand(instruction.from, instruction.range);
      if (from !== undefined) {
        const source = await this.#open(from, instruction);
        if ("result" in source) return await this.#copyFromResult(created, copy, source.result, instruction);
        parts.push({ tree: source.tree, copy });
      } else if (copy.sources.length > 0) parts.push({ tree: build.request.context, copy });
    } else {
      const archives: { tree: SourceTree; path: string }[] = [];
      const local = copy.sources.filter((source) => !isUrl(source) && !isGit(source));
      if (instruction.checksum !== undefined && (copy.sources.length !== 1 || local.length > 0)) {
        throw new DockerfileError(copy.sources.length > 1 ? "checksum can't be specified for multiple sources" : "checksum can't be specified for non-HTTP(S) sources", instruction.range, { near: "--checksum" });
      }
      for (const source of copy.sources.filter(isUrl)) {
        const fetched = opened.use(await this.#at(instruction, source, fetchUrl(source, { tmp: build.ctx.tmp, checksum: instruction.checksum, signal: build.signal })));
        build.materials.set(source, fetched.digest);
        if (instruction.unpack && (await isArchive(fetched.tree, fetched.name))) { archives.push({ tree: fetched.tree, path: fetched.name }); continue; }
        parts.push({ tree: fetched.tree, copy: { ...copy, sources: [fetched.name], chmod: copy.chmod ?? "0600" } });
      }
      for (const source of copy.sources.filter(isGit)) {
        const checkout = opened.use(await this.#at(instruction, source, cloneGit(source, { tmp: build.ctx.tmp, keepGitDir: instruction.keepGitDir, signal: build.signal })));
        build.materials.set(source, checkout.commit);
        if (instruction.checksum !== undefined && !checkout.commit.startsWith(instruction.checksum)) throw new DockerfileError(`expected checksum to match ${instruction.checksum}, got ${checkout.commit}`, instruction.range, { near: instruction.checksum });
        parts.push({ tree: checkout.tree, copy: { ...copy, sources: [checkout.folder || "/"] } });
      }
      if (local.length + archives.length > 0) return await this.#add(created, { ...copy, sources: local }, parts, archives, instruction);
    }
    const inputs = await Promise.all(parts.map((part) => digestItems(part.tree, placed(instruction.range, () => planForKey(part.tree, part.copy)))));
    await this.#layer(created, this.#copyOperation(copy), inputs, async (root) => {
      for (const part of parts) await this.#copyTo(root, part.tree, part.copy, instruction);
    });
  }

  /** What goes wrong while something is fetched is told where it is named. */
  async #at<T>({ range }: Instruction, near: string, work: Promise<T>): Promise<T> {
    return work.catch((cause: unknown) => {
      this.build.signal.throwIfAborted();
      throw new DockerfileError(errorMessage(cause), range, { cause, near });
    });
  }

  async #copyTo(root: string, tree: SourceTree, copy: ExpandedCopy, { range }: Instruction): Promise<void> {
    const { ctx, request, signal } = this.build;
    await copyStep(ctx, tree, copy, root, { range, epoch: request.sourceDateEpoch, signal });
  }

  #copyOperation(copy: ExpandedCopy) {
    return { copy: copy.destination, chown: copy.chown ?? "", chmod: copy.chmod ?? "", user: copy.chown === undefined ? "" : "named" };
  }

  /** Files of the context; archives among them are unpacked. */
  async #add(created: string, copy: ExpandedCopy, others: { tree: SourceTree; copy: ExpandedCopy }[], fetched: { tree: SourceTree; path: string }[], instruction: Extract<Instruction, { kind: "ADD" }>): Promise<void> {
    const { build } = this;
    const tree = build.request.context;
    const plain: string[] = [];
    const archives = [...fetched];
    const resolved = copy.sources.length === 0 ? [] : placed(instruction.range, () => planForKey(tree, copy));
    for (const source of /[*?[]/.test(copy.sources.join("")) ? resolved.flatMap((item) => (item.from === undefined ? [] : [item.from])) : copy.sources) {
      const path = resolve(tree, inside(source));
      const isFile = path !== undefined && tree.entry(path)?.type === "file";
      if (instruction.unpack !== false && isFile && (await isArchive(tree, path))) archives.push({ tree, path });
      else plain.push(source);
    }
    const inputs = await Promise.all([digestItems(tree, resolved), ...fetched.map(async (each) => (await each.tree.digest(each.path)) ?? ""), ...others.map((part) => digestItems(part.tree, planForKey(part.tree, part.copy)))]);
    await this.#layer(created, { ...this.#copyOperation(copy), unpack: archives.map(({ path }) => path) }, inputs, async (root) => {
      for (const part of others) await this.#copyTo(root, part.tree, part.copy, instruction);
      if (plain.length > 0) await this.#copyTo(root, tree, { ...copy, sources: plain }, instruction);
      for (const archive of archives) {
        await build.ctx.images.archiver.extract(archive.tree.read(archive.path), root, { into: copy.destination }, build.signal);
      }
    });
  }

  async #copyFromResult(created: string, copy: ExpandedCopy, source: StageResult, instruction: Instruction): Promise<void> {
    await this.#layer(created, { ...this.#copyOperation(copy), sources: copy.sources, exclude: copy.exclude, parents: copy.parents }, [resultId(source)], async (root) => {
      await this.#withFiles(source, async (tree) => {
        await this.#copyTo(root, tree, copy, instruction);
      });
    }, {
      // The stage may have been made again, with other times or other files than those that are copied here.
      inputsByContent: () => this.#withFiles(source, async (tree) => [await digestItems(tree, placed(instruction.range, () => planForKey(tree, copy)))]),
    });
  }

  async #withFiles<T>(source: StageResult, work: (tree: FolderTree) => Promise<T>): Promise<T> {
    await this.build.imported.materialize(source, this.build.signal);
    return withView(this.build.ctx, source.chain, work);
  }

  /** `FROM context`: the files of a named context are the root filesystem. */
  async #copyTree(tree: SourceTree, instruction: Instruction): Promise<void> {
    const items = planCopy(tree, { sources: ["/"], destination: "/", exclude: [], parents: false, owner: undefined, chmod: (mode) => mode, target: (path) => (path === "" ? "directory" : undefined) });
    await this.#layer(oneLine(instruction.text), { from: "context" }, [await digestItems(tree, items)], async (root) => {
      await this.build.ctx.images.archiver.extract(copyArchive(tree, items, 0, this.build.request.sourceDateEpoch), root, { compression: "none" }, this.build.signal);
    });
  }

  async #layer(created: string, operation: unknown, inputs: readonly string[], perform: LayerStep["perform"], { inputsByContent, ...options }: { dropEmpty?: boolean; inputsByContent?: () => Promise<string[]> } = {}): Promise<void> {
    const { build, planned } = this;
    const { request } = build;
    const name = planned.stage.name;
    const keyOf = (from: readonly string[]) => cacheKey({ parent: resultId(this.#state), operation, inputs: [...from, String(request.sourceDateEpoch ?? "")] });
    const description = `[${this.#step?.stage ?? ""} ${this.#step?.number ?? 0}/${this.#step?.total ?? 0}] ${this.#step?.text ?? created}`;
    const outcome = await layerStep(build.ctx, this.#state, {
      key: keyOf(inputs),
      ...(inputsByContent && { contentKey: async () => keyOf(await inputsByContent()) }),
      description,
      noCache: request.noCache || (name !== undefined && request.noCacheFilter.has(name)) || request.noCacheFilter.has(String(planned.stage.index)),
      epoch: request.sourceDateEpoch,
      begin: () => this.#started(),
      imported: build.imported, signal: build.signal,
      perform, ...options,
    }, build.lease);
    const id = this.#step?.id ?? "";
    if (outcome.cached) build.events.emit({ kind: "cached", id });
    if (outcome.layer) {
      this.#state.chain = [...this.#state.chain, outcome.layer.chainId];
      this.#state.diffIds = [...this.#state.diffIds, outcome.layer.diffId];
    }
    this.#state.created = outcome.created;
    this.#remember(created, outcome.layer);
    const { chain, diffIds } = this.#state;
    for (const key of outcome.keys) {
      build.used.set(key, { key, chainId: resultId(this.#state), diffId: outcome.layer?.diffId ?? "", description, createdAt: outcome.created, chain, diffIds });
    }
    this.#done(outcome.layer?.chainId, outcome.layer?.size);
  }

  #remember(created: string, layer: { chainId: string } | undefined): void {
    const epoch = this.build.request.sourceDateEpoch;
    this.#state.history = [...this.#state.history, {
      ...(epoch !== undefined ? { created: epochTime(epoch) } : this.#state.created !== "" && { created: this.#state.created }),
      created_by: created, comment: "berth",
      ...(layer === undefined && { empty_layer: true }),
    }];
  }

  #started(): void { this.build.events.emit({ kind: "started", id: this.#step?.id ?? "", at: Date.now() }); }
  #status(text: string): void { this.build.events.emit({ kind: "status", id: this.#step?.id ?? "", text }); }
  #done(layer?: string, bytes?: number): void {
    this.build.events.emit({ kind: "done", id: this.#step?.id ?? "", at: Date.now(), ...(layer !== undefined && { layer }), ...(bytes !== undefined && { bytes }) });
  }

  /** A failure is told at its step and with its place, unless it is only the echo of another one's. */
  async #told({ range }: { range: Range }, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (cause) {
      const { signal, toldFailures } = this.build;
      if (signal.aborted && !(cause instanceof RunFailed)) throw signal.reason ?? cancelled("the build was cancelled");
      if (cause instanceof CacheLost || (cause instanceof Error && toldFailures.has(cause))) throw cause;
      const error = cause instanceof RunFailed || cause instanceof DockerfileError ? cause : new DockerfileError(errorMessage(cause), range, { cause });
      toldFailures.add(error);
      this.build.events.emit({ kind: "failed", id: this.#step?.id ?? "", message: errorMessage(error) });
      throw error;
    }
  }
}

/** `linux/arm64`, or `linux/amd64->arm64` for a stage that runs on one to build for the other. */
function platformLabel({ platform, target }: PlannedStage): string {
  const own = formatPlatform(platform);
  return own === formatPlatform(target) ? own : `${own}->${[target.architecture, target.variant].filter(Boolean).join("/")}`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
