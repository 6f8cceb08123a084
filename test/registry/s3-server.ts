import { mkdtempSync } from "node:fs";
import { join, resolve } from "node:path";
import { freePort, until } from "../harness.ts";
import { endRig } from "../leftovers.ts";

const program = resolve(import.meta.dir, "../../node_modules/s3rver/bin/s3rver.js");

/**
 * s3rver, an S3 server from npm, on a free port of loopback, with one empty bucket. It checks signatures. Its listings'
 * tokens want a cipher that today's OpenSSL keeps apart, and it takes a range that ends at 0 for the whole.
 */
export class S3Server implements AsyncDisposable {
  readonly root = mkdtempSync("/tmp/berth-s3-");
  readonly endpoint = `http://127.0.0.1:${freePort()}`;
  readonly bucket = "images";
  readonly keys = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
  #child: Bun.Subprocess | undefined;

  static async start(): Promise<S3Server> {
    const server = new S3Server();
    const { port } = new URL(server.endpoint);
    server.#child = Bun.spawn(
      [
        "node",
        "--openssl-legacy-provider",
        program,
        "--directory",
        join(server.root, "data"),
        "--address",
        "127.0.0.1",
        "--port",
        port,
        "--configure-bucket",
        server.bucket,
        "--silent",
      ],
      { stdin: "ignore", stdout: "ignore", stderr: Bun.file(join(server.root, "log")) },
    );
    await until("the S3 server to answer", () =>
      fetch(server.endpoint).then(
        () => true,
        () => false,
      ),
    );
    return server;
  }

  get flag(): string {
    const { accessKeyId, secretAccessKey } = this.keys;
    const keys = `access-key-id=${accessKeyId}&secret-access-key=${secretAccessKey}`;
    return `s3://${this.bucket}/registry?endpoint=${encodeURIComponent(this.endpoint)}&region=us-east-1&${keys}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    await endRig({ root: this.root });
  }
}
