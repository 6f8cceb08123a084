/** An image store of its own for each test, in a temporary directory. */
import { setDefaultTimeout } from "bun:test";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBus } from "../../src/api/events.ts";
import type { ProgressEvent } from "../../src/api/progress.ts";
import { layerUsers } from "../../src/builder/cache/layer-users.ts";
import { imageUsers } from "../../src/container/image-users.ts";
import { loadImages } from "../../src/image/archive/load.ts";
import { reconcileImages } from "../../src/image/collect/reconcile.ts";
import type { ImageDeps } from "../../src/image/deps.ts";
import { openImages } from "../../src/image/open.ts";
import type { ImageRecord } from "../../src/image/record.ts";
import { resolveImage } from "../../src/image/resolve.ts";
import { errorMessage } from "../../src/lib/errors.ts";
import { Logger } from "../../src/lib/log.ts";
import { type TarEntry, tarEntry } from "../../src/lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../src/lib/tar/writer.ts";
import { nowNano } from "../../src/linux/clock.ts";
import { blobUsers } from "../../src/managed-plugin/blob-users.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { OciImageConfigFile } from "../../src/oci/image.ts";
import { openStore } from "../../src/store/store.ts";
import { endRig } from "../leftovers.ts";

// A busy machine is no failure.
setDefaultTimeout(60_000);

/** Leaves nothing behind, and proves it. */
export class TestStore implements AsyncDisposable {
  readonly dir: string;
  /** Events of images so far: `action name`. */
  readonly events: string[] = [];
  deps: ImageDeps;

  constructor(
    private readonly storageDriver: string = "overlay2",
    parent = tmpdir(),
  ) {
    this.dir = mkdtempSync(join(parent, "berth-image-"));
    for (const name of ["data", "exec"]) mkdirSync(join(this.dir, name));
    this.deps = this.#open();
  }

  /** What a restarted daemon does with the same directories. */
  async restart(liveContainers: string[] = []): Promise<void> {
    await this.close();
    this.deps = this.#open();
    await reconcileImages(this.deps, new Set(liveContainers));
  }

  /** Loads an archive and returns the image under that name. */
  async load(archive: Uint8Array | AsyncIterable<Uint8Array>, name: string): Promise<ImageRecord> {
    await collect(loadImages(this.deps, archive instanceof Uint8Array ? chunked(archive) : archive));
    return resolveImage(this.deps, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await endRig({ root: this.dir });
  }

  #open(): ImageDeps {
    const events = new EventBus(nowNano);
    const publish = events.publish.bind(events);
    events.publish = (...event) => {
      const [, action, actor] = event;
      this.events.push(`${action} ${actor.Attributes["name"] ?? actor.ID}`);
      publish(...event);
    };
    const [dataRoot, execRoot] = [join(this.dir, "data"), join(this.dir, "exec")];
    const store = openStore(join(dataRoot, "berth.db"));
    return openImages({
      store,
      imageUsers: imageUsers(store),
      layerUsers: layerUsers(store),
      blobUsers: blobUsers(store),
      events,
      log: new Logger("error"),
      dataRoot,
      execRoot,
      storageDriver: this.storageDriver,
    });
  }

  /** Lets go of the directory, for another process to open it. */
  async close(): Promise<void> {
    await this.deps.archiver[Symbol.asyncDispose]();
    this.deps.store.close();
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collect(stream));
}

export function textOf(events: readonly ProgressEvent[]): string {
  return events.map((event) => event.stream ?? "").join("");
}

/**
 * The message of what a promise is rejected with; empty where it is not. (`expect().rejects` spins the event loop, in
 * which workers are heard only once a second.)
 */
export async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "";
  } catch (error) {
    return errorMessage(error);
  }
}

/** In pieces whose borders fall anywhere. */
export async function* chunked(content: Uint8Array, size = 10_007): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

export type Member = Partial<TarEntry> & { name: string; content?: string | Uint8Array };

/** An archive of these members, as they are: names and numbers are not checked. */
export function tarOf(...members: Member[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const { content, ...fields } of members) {
    const body = Buffer.from(content ?? "");
    parts.push(encodeHeader(tarEntry({ size: body.length, ...fields })), body, padding(body.length));
  }
  return Buffer.concat([...parts, endOfArchive()]);
}

export interface ImageSpec {
  tags?: string[];
  /** Uncompressed layer archives, base first. */
  layers: Uint8Array[];
  config?: OciImageConfigFile["config"];
  history?: OciImageConfigFile["history"];
  created?: string;
}

/** What `docker save` would have written, in its older form. */
export function dockerArchive(...images: ImageSpec[]): Buffer {
  const members: Member[] = [];
  const manifest = images.map(({ tags = [], layers, config = {}, history, created = "2024-01-01T00:00:00Z" }) => {
    const file: OciImageConfigFile = {
      created,
      architecture: "amd64",
      os: "linux",
      config,
      rootfs: { type: "layers", diff_ids: layers.map((content) => digestOf(content)) },
      history: history ?? layers.map((_, i) => ({ created, created_by: `layer ${i}` })),
    };
    const text = JSON.stringify(file);
    const id = digestOf(text).slice(7);
    members.push({ name: `${id}.json`, content: text });
    const names = layers.map((layer) => `${digestOf(layer).slice(7)}/layer.tar`);
    layers.forEach((content, i) => members.push({ name: names[i] ?? "", content }));
    return { Config: `${id}.json`, RepoTags: tags, Layers: names };
  });
  return tarOf(...members, { name: "manifest.json", content: JSON.stringify(manifest) });
}
