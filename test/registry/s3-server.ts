import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { sh, until } from "../harness.ts";
import { freePort } from "./process.ts";

const environment = resolve(import.meta.dir, "../../.cache/moto");
/** From PyPI, pinned; kept between runs. */
const packages = ["moto[s3]==5.1.4", "flask==3.1.1", "flask-cors==6.0.0"];

/** moto's S3 server, on a free port of loopback, with one empty bucket. */
export class S3Server implements AsyncDisposable {
  readonly root = mkdtempSync("/tmp/berth-s3-");
  readonly endpoint = `http://127.0.0.1:${freePort()}`;
  readonly bucket = "images";
  readonly keys = { accessKeyId: "test", secretAccessKey: "test" };
  #child: Bun.Subprocess | undefined;

  static async start(): Promise<S3Server> {
    if (!existsSync(join(environment, "bin/moto_server"))) {
      for (const argv of [["python3", "-m", "venv", environment], [join(environment, "bin/pip"), "install", "--quiet", "--disable-pip-version-check", ...packages]]) {
        const { exitCode, stderr } = await sh(argv, { timeout: 300_000 });
        if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
      }
    }
    const server = new S3Server();
    const port = new URL(server.endpoint).port;
    server.#child = Bun.spawn([join(environment, "bin/python3"), join(environment, "bin/moto_server"), "-H", "127.0.0.1", "-p", port], { stdin: "ignore", stdout: "ignore", stderr: Bun.file(join(server.root, "log")) });
    await until("the S3 server to answer", () => fetch(server.endpoint).then(() => true, () => false), 60_000);
    await fetch(`${server.endpoint}/${server.bucket}`, { method: "PUT" });
    return server;
  }

  get flag(): string {
    return `s3://${this.bucket}/registry?endpoint=${encodeURIComponent(this.endpoint)}&region=us-east-1&access-key-id=test&secret-access-key=test`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    rmSync(this.root, { recursive: true, force: true });
  }
}
