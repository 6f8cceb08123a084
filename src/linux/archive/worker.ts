/**
 * Entry point of the archive workers: takes one job at a time, as linux/archive/jobs.ts draws them. An entry point of
 * its own in scripts/build.ts, since the executable must carry it.
 */
import { limitSubvolume, makeSubvolume } from "../btrfs.ts";
import { removeTree } from "../remove.ts";
import { syncFilesystem } from "../sync.ts";
import { unmountAll } from "../unmount.ts";
import { treeChanges } from "./changes.ts";
import { copyTree } from "./copy.ts";
import { extractTree, fileChunks } from "./extract.ts";
import { describeFailure } from "./failure.ts";
import type { FromWorker, JobName, JobSource, Jobs, ToWorker } from "./jobs.ts";
import { layTree } from "./lay.ts";
import { lentChunks } from "./lent.ts";
import { unpackMembers } from "./members.ts";
import { measureTree, packToFile, packTree, recompressFile, streamTree, transferTree } from "./pack.ts";
import { rebuildTree } from "./rebuild.ts";
import { checkStopped, type Stopped } from "./stop.ts";
import { changedBytes, treeBlocks, treeUsage } from "./usage.ts";

declare const self: Worker;

type Handlers = {
  [N in JobName]: (request: Jobs[N]["request"], stopped: Stopped) => Promise<Jobs[N]["result"]> | Jobs[N]["result"];
};

const handlers: Handlers = {
  extract: ({ source, root, options }, stopped) => extractTree(chunksOf(source), root, options, stopped),
  rebuild: ({ tree, split, root, options }, stopped) => rebuildTree(tree, split, root, options, stopped),
  pack: ({ root, options, digest }, stopped) => streamTree(root, options, digest, send, stopped),
  packToFile: ({ root, file, options }, stopped) => packToFile(root, file, options, stopped),
  unpackMembers: ({ source, dir, maxBytes }, stopped) => unpackMembers(chunksOf(source), dir, maxBytes, stopped),
  digest: ({ root, options }, stopped) => packTree(root, options, () => {}, stopped),
  measure: ({ root, options }, stopped) => measureTree(root, options, stopped),
  transfer: ({ root, pack, target, extract }, stopped) => transferTree(root, pack, target, extract, stopped),
  lay: ({ items, root }, stopped) => layTree(items, root, stopped),
  recompress: ({ source, file, compression, level }, stopped) =>
    recompressFile(source, file, compression, level, stopped),
  sync: ({ path }) => {
    syncFilesystem(path);
    return null;
  },
  unmount: ({ target }) => {
    unmountAll(target);
    return null;
  },
  remove: ({ paths }) => {
    for (const path of paths) removeTree(path);
    return null;
  },
  blocks: ({ path, groups }, stopped) => treeBlocks(path, groups, stopped),
  usage: ({ path }, stopped) => treeUsage(path, stopped),
  changes: (request, stopped) => treeChanges(request, stopped),
  changedBytes: (request, stopped) => changedBytes(request, stopped),
  limitSubvolume: ({ path, bytes }) => {
    limitSubvolume(path, bytes);
    return null;
  },
  subvolume: ({ path, from }) => {
    makeSubvolume(path, from);
    return null;
  },
  copy: ({ from, to, options }, stopped) => {
    copyTree(from, to, options, stopped);
    return null;
  },
};

/** What the other side said that nobody has taken yet: at most the credit given. */
const inbox: ToWorker[] = [];
let wake: (() => void) | undefined;
/** Blocks that may be sent before the other side asks for more. */
let credit = 0;

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.type === "start") void perform(message.job, message.request, new Int32Array(message.stop));
  else {
    if (message.type === "more") credit++;
    else inbox.push(message);
    wake?.();
  }
};

async function perform<N extends JobName>(job: N, request: Jobs[N]["request"], stop: Int32Array): Promise<void> {
  inbox.length = 0;
  credit = 0;
  stopRequested = () => Atomics.load(stop, 0) !== 0;
  try {
    const handler: Handlers[N] = handlers[job];
    const result = await handler(request, stopRequested);
    post({ type: "done", result });
  } catch (error) {
    post({ type: "failed", error: describeFailure(error) });
  }
}

let stopRequested: Stopped = () => false;

async function* messages(): AsyncGenerator<Uint8Array> {
  post({ type: "more" });
  post({ type: "more" });
  for (;;) {
    const message = inbox.shift();
    if (!message) {
      checkStopped(stopRequested);
      await waken();
    } else if (message.type === "end") return;
    else if (message.type === "fail") throw new Error(message.message);
    else if (message.type === "chunk") {
      yield message.data;
      post({ type: "more" });
    }
  }
}

function chunksOf(source: JobSource): AsyncIterable<Uint8Array> {
  if (source === "stream") return messages();
  if ("file" in source) return fileChunks(source.file);
  return lentChunks(source.lent, stopRequested, (data) => post({ type: "beyond", data }));
}

async function send(block: Uint8Array): Promise<void> {
  while (credit === 0) {
    checkStopped(stopRequested);
    await waken();
  }
  credit--;
  // Blocks are whole buffers of their own, or small: then a copy costs nothing.
  const data = ownBuffer(block);
  post({ type: "chunk", data }, [data.buffer]);
}

function ownBuffer(block: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = block;
  return buffer instanceof ArrayBuffer && buffer.byteLength === block.byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(block);
}

async function waken(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  wake = resolve;
  await promise;
  wake = undefined;
}

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer);
}
