import { EngineError, errorKind, errorMessage, hasCode } from "../../../lib/errors.ts";
import { newId } from "../../../lib/ids.ts";
import { pause } from "../../../lib/pause.ts";
import { close, mkdirAt, mknodAt, O, openDir, openInRoot, S, unlinkAt } from "../../../linux/at.ts";
import { FifoWriter } from "../../../linux/fifo.ts";
import { makeInRoot } from "../../../linux/make-in-root.ts";
import { fieldsOf, textOf, truthOf } from "../../../plugin/answer.ts";
import type { Plugin } from "../../../plugin/plugin.ts";
import type { Plugins, Wait } from "../../../plugin/plugins.ts";
import { ConnectionLost, type LogInfo, type Receiver } from "../send/receiver.ts";
import { type LogDriver, type LogReader, type ReadBack, sendingDriver } from "./driver.ts";
import { encodeEntry } from "./plugin-entry.ts";
import { readPluginLog } from "./plugin-read.ts";

/** Where the pipes are, as plugins see it. */
const FOLDER = "run/docker/logging";
/** Milliseconds for an answer, and for the plugin to open its pipe. */
const PATIENCE = 30_000;
/** The same for whether it can read: there is another log. */
const READ_PATIENCE = 5_000;
/** Time until a pipe that is full, or not read yet, is tried again, in milliseconds: from the first to the last. */
const FIRST_WAIT = 1;
const LAST_WAIT = 100;

/** Lines to a program of its own, through a pipe. Options are the plugin's affair. */
export function pluginLogDriver(name: string, plugins: Plugins): LogDriver {
  return sendingDriver({
    name,
    sends: { check() {}, open: (info, signal) => open(name, plugins, info, signal) },
    readBack: (info, about) => readBack(name, plugins, info, about),
  });
}

/** The plugin itself. Throws Docker's words where there is none. */
export async function findLogPlugin(plugins: Plugins, name: string, wait?: Wait): Promise<Plugin> {
  try {
    return await plugins.get(name, "LogDriver", wait);
  } catch (cause) {
    const text = `error looking up logging plugin ${name}: ${errorMessage(cause)}`;
    throw new EngineError(errorKind(cause), text, { cause });
  }
}

async function open(name: string, plugins: Plugins, info: LogInfo, signal: AbortSignal): Promise<Receiver> {
  const plugin = await findLogPlugin(plugins, name, "for its file");
  await ask(plugin, "Capabilities");
  return startLogging(plugin, info, signal);
}

/** Asks one that can read; as Docker, with a pipe of its own where none is open. One that is away holds nobody up. */
async function readBack(
  name: string,
  plugins: Plugins,
  info: LogInfo,
  { running, sent }: Parameters<ReadBack>[1],
): Promise<LogReader | null> {
  let plugin: Plugin;
  try {
    plugin = await findLogPlugin(plugins, name, "not long");
    const answer = await plugin.call("LogDriver.Capabilities", undefined, { limit: READ_PATIENCE, once: true });
    if (!truthOf(fieldsOf(answer, "Cap"), "ReadLogs")) return null;
  } catch {
    return null;
  }
  return async function* read(part) {
    const over = new AbortController();
    await sent();
    const pipe = running ? null : await startLogging(plugin, info, over.signal);
    try {
      yield* readPluginLog(plugin, describe(info), part);
    } finally {
      await pipe?.close().finally(() => over.abort());
    }
  };
}

async function startLogging(plugin: Plugin, info: LogInfo, signal: AbortSignal): Promise<Receiver> {
  const id = newId();
  const file = `/${FOLDER}/${id}`;
  const pipe = makePipe(plugin.hostPath("/"), id);
  // Once both sides have it open nobody needs its name: a daemon that is killed leaves none.
  using _ = pipe;
  const over = new AbortController();
  const opening = openPipe(pipe.path, AbortSignal.any([signal, over.signal]));
  opening.catch(() => {});
  try {
    await ask(plugin, "StartLogging", { File: file, Info: describe(info) });
    const writer = await opening;
    signal.addEventListener("abort", () => writer[Symbol.dispose](), { once: true });
    return {
      send: (lines) => writeAll(writer, Buffer.concat(lines.map(encodeEntry)), signal),
      async close() {
        await ask(plugin, "StopLogging", { File: file }).finally(() => writer[Symbol.dispose]());
      },
    };
  } catch (error) {
    over.abort();
    throw new Error(`error creating logger: ${errorMessage(error)}`, { cause: error });
  }
}

async function ask(plugin: Plugin, method: string, body?: unknown): Promise<void> {
  const complaint = textOf(await plugin.call(`LogDriver.${method}`, body, { limit: PATIENCE }), "Err");
  if (complaint !== "") throw new Error(complaint);
}

function describe(info: LogInfo): Record<string, unknown> {
  const [program = "", ...args] = info.command;
  return {
    Config: info.options,
    ContainerID: info.containerId,
    ContainerName: `/${info.containerName}`,
    ContainerEntrypoint: program,
    ContainerArgs: args,
    ContainerImageID: info.imageId,
    ContainerImageName: info.imageName,
    ContainerCreated: info.created,
    ContainerEnv: info.env,
    ContainerLabels: info.labels,
    LogPath: "",
    DaemonName: "docker",
  };
}

/** Makes a pipe in a root that may hold anything: no link leads out. */
function makePipe(root: string, id: string): Disposable & { path: string } {
  const dir = openDir(root);
  using _dir = { [Symbol.dispose]: () => close(dir) };
  makeInRoot(dir, FOLDER, (parent, name) => mkdirAt(parent, name, 0o711));
  const folder = openInRoot(dir, FOLDER, O.PATH | O.DIRECTORY);
  try {
    mknodAt(folder, id, S.IFIFO, 0o700);
  } catch (error) {
    close(folder);
    throw error;
  }
  return {
    path: `/proc/self/fd/${folder}/${id}`,
    [Symbol.dispose]() {
      unlinkAt(folder, id);
      close(folder);
    },
  };
}

/** The writing end, once the plugin has opened the other. */
async function openPipe(path: string, signal: AbortSignal): Promise<FifoWriter> {
  const end = Date.now() + PATIENCE;
  for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LAST_WAIT)) {
    const writer = FifoWriter.open(path);
    if (writer) return writer;
    if (Date.now() > end) throw new Error("the plugin does not open its pipe");
    if (!(await pause(wait, signal))) throw new Error("context canceled");
  }
}

async function writeAll(writer: FifoWriter, data: Buffer, signal: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT;
  for (let at = 0; at < data.length; ) {
    const written = writePart(writer, data.subarray(at));
    at += written;
    if (written > 0) wait = FIRST_WAIT;
    else if (!(await pause(wait, signal))) throw new Error("context canceled");
    else wait = Math.min(wait * 2, LAST_WAIT);
  }
}

function writePart(writer: FifoWriter, data: Buffer): number {
  try {
    return writer.write(data);
  } catch (error) {
    // The plugin has ended, and what it had not read yet went with it.
    throw hasCode(error, "EPIPE") ? new ConnectionLost("broken pipe") : error;
  }
}
