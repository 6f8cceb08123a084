import { rm } from "node:fs/promises";
import { S3Client, type S3File } from "bun";
import { RegistryError } from "../errors.ts";
import { isDigest } from "../names.ts";
import type { S3Options } from "../options.ts";
import { answerOf, isMissing, unavailable } from "./bucket-failure.ts";
import type { BlobStorage, ByteRange, StoredBlob } from "./storage.ts";

/** Parts of a multipart upload; with so many at once, an upload holds at most their product in memory. */
const partSize = 8 * 1024 * 1024;
const queueSize = 2;
const redirectSeconds = 900;

/**
 * Blobs as objects of an S3-compatible bucket. Content arrives as a verified local file, so that an object appears
 * whole or not at all. What an upload that broke off left in the bucket is for its lifecycle rule ("abort incomplete
 * multipart uploads").
 */
export class S3Storage implements BlobStorage {
  readonly #client: S3Client;
  readonly #root: string;
  /** The bucket in messages. */
  readonly #where: string;
  #checked: { at: number; answer: Promise<void> } | undefined;
  readonly redirect?: (digest: string) => string;

  /** `pageSize`: objects in one answer to a listing. */
  constructor(
    options: S3Options,
    private readonly pageSize = 1000,
  ) {
    const { bucket, prefix, endpoint, region, accessKeyId, secretAccessKey, virtualHosted } = options;
    this.#client = new S3Client({
      bucket,
      virtualHostedStyle: virtualHosted,
      ...(endpoint !== undefined && { endpoint }),
      ...(region !== undefined && { region }),
      ...(accessKeyId !== undefined && { accessKeyId }),
      ...(secretAccessKey !== undefined && { secretAccessKey }),
    });
    this.#root = prefix === "" ? "" : `${prefix}/`;
    this.#where = `the bucket ${bucket}${endpoint === undefined ? "" : ` at ${endpoint}`}`;
    if (options.redirect)
      this.redirect = (digest) => this.#file(digest).presign({ expiresIn: redirectSeconds, method: "GET" });
  }

  async put(digest: string, file: string, size: number): Promise<void> {
    if ((await this.size(digest)) !== size) await this.putObject(this.#key(digest), file, size);
    await rm(file, { force: true });
  }

  async size(digest: string): Promise<number | undefined> {
    return await this.#sizeOf(this.#file(digest));
  }

  async body(digest: string, range?: ByteRange): Promise<ReadableStream<Uint8Array>> {
    const file = this.#file(digest);
    const reader = (range ? file.slice(range.start, range.end + 1) : file).stream().getReader();
    // The first piece is waited for: an answer that has begun cannot become a refusal any more.
    let next: ReturnType<typeof reader.read> | undefined = answerOf(this.#where, reader.read()).catch(
      (error: unknown) => {
        throw isMissing(error)
          ? new RegistryError("BLOB_UNKNOWN", "blob unknown to registry", { cause: error, detail: { digest } })
          : error;
      },
    );
    await next;
    return new ReadableStream(
      {
        async pull(controller) {
          const { done, value } = await (next ?? reader.read());
          next = undefined;
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** One small question for all who ask within a second. */
  async check(): Promise<void> {
    if (this.#checked === undefined || Date.now() - this.#checked.at > 1000) {
      this.#checked = {
        at: Date.now(),
        answer: answerOf(this.#where, this.#client.list({ prefix: this.#root, maxKeys: 1 }), 5000).then(() => {}),
      };
      this.#checked.answer.catch(() => {});
    }
    return await this.#checked.answer;
  }

  async read(digest: string, limit: number): Promise<Uint8Array | undefined> {
    const size = await this.size(digest);
    if (size === undefined || size > limit) return undefined;
    return size === 0 ? new Uint8Array() : await answerOf(this.#where, this.#file(digest).bytes());
  }

  async remove(digest: string): Promise<void> {
    await answerOf(this.#where, this.#file(digest).delete());
  }

  async *list(): AsyncIterable<StoredBlob> {
    const prefix = `${this.#root}blobs/`;
    let startAfter: string | undefined;
    while (true) {
      const page = await answerOf(
        this.#where,
        this.#client.list({ prefix, maxKeys: this.pageSize, ...(startAfter !== undefined && { startAfter }) }),
      );
      const objects = page.contents ?? [];
      for (const { key, size } of objects) {
        const [algorithm, , hex] = key.slice(prefix.length).split("/");
        const digest = `${algorithm}:${hex}`;
        if (isDigest(digest)) yield { digest, size: size ?? 0 };
      }
      startAfter = objects.at(-1)?.key;
      if (!page.isTruncated || startAfter === undefined) return;
    }
  }

  /** Uploads a file under the bucket's prefix, in parts where it is large, and makes sure that it arrived. */
  async putObject(key: string, file: string, size: number): Promise<void> {
    const object = this.#client.file(key);
    try {
      if (size <= partSize) await object.write(await Bun.file(file).bytes());
      else await sendParts(object, file);
    } catch (error) {
      throw unavailable(this.#where, error);
    }
    const arrived = await this.#sizeOf(object);
    if (arrived !== size) throw new Error(`the bucket has ${arrived ?? "none"} of the ${size} bytes of ${key}`);
  }

  /** An object beside the blobs, into a file; false where there is none. */
  async getObject(name: string, file: string): Promise<boolean> {
    const object = this.#client.file(`${this.#root}${name}`);
    if ((await this.#sizeOf(object)) === undefined) return false;
    await Bun.write(file, new Response(object.stream()));
    return true;
  }

  objectKey(name: string): string {
    return `${this.#root}${name}`;
  }

  async #sizeOf(file: S3File): Promise<number | undefined> {
    try {
      return (await answerOf(this.#where, file.stat())).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #key(digest: string): string {
    const [algorithm = "", hex = ""] = digest.split(":");
    return `${this.#root}blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`;
  }

  #file(digest: string): S3File {
    return this.#client.file(this.#key(digest));
  }
}

async function sendParts(object: S3File, file: string): Promise<void> {
  const writer = object.writer({ partSize, queueSize, retry: 3 });
  for await (const chunk of Bun.file(file).stream()) {
    await writer.write(chunk);
    // The writer takes whatever it is given: waiting keeps what is on its way within bounds.
    await writer.flush();
  }
  await writer.end();
}
