import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Server } from "bun";
import { errorMessage } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { RegistryOptions } from "./options.ts";

/** A certificate is looked at this often, in milliseconds. */
const renewalInterval = 2_000;

/** A server that takes connections at `url`. Disposing of it drops those that are left. */
export interface Listener extends Disposable {
  url: URL;
  /** Takes no new connection; resolves when the last one has ended. */
  drain(): Promise<void>;
}

interface Answers {
  fetch(request: Request, server: Server<undefined>): Response | Promise<Response>;
  error(error: unknown): Response;
}

/**
 * Listens as the options say. A certificate whose files change is taken up without a restart, by a server in the
 * place of the old one (Bun 1.4.5 has no other way); the old one ends with its connections.
 */
export async function listen(options: RegistryOptions, log: Logger, answers: Answers): Promise<Listener> {
  const start = (port: number, tls: KeyPair | undefined): Server<undefined> =>
    Bun.serve({
      hostname: options.hostname,
      port,
      ...(tls && { tls }),
      // Bodies stream to disk under limits of our own.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      // Closes connections on which nothing moves, half-dead uploads among them; handlers that work in silence lift it.
      idleTimeout: 120,
      development: false,
      // Bun 1.4.5 otherwise lets a second server of this user share the port when development is off.
      reusePort: false,
      ...answers,
    });
  let pair = options.tls && (await readPair(options.tls));
  if (pair) checkPair(pair);
  let server = start(options.port, pair);
  const { url, port = options.port } = server;
  const servers = new Set([server]);
  let closing = false;

  /** Between certificate and key, a renewal has a moment in which they do not fit: that is waited out. */
  async function renew(files: { cert: string; key: string }): Promise<void> {
    const next = await readPair(files);
    if (closing || (next.cert === pair?.cert && next.key === pair.key)) return;
    checkPair(next);
    const old = server;
    void old.stop().then(() => servers.delete(old));
    server = start(port, next);
    servers.add(server);
    pair = next;
    log.info("the certificate was renewed", { certificate: files.cert });
  }
  const { tls } = options;
  let complaint = "";
  const timer =
    tls &&
    setInterval(() => {
      renew(tls).then(
        () => {
          complaint = "";
        },
        (error: unknown) => {
          if (complaint === errorMessage(error)) return;
          complaint = errorMessage(error);
          log.warn("a new certificate cannot be taken up; the one before stays", {
            certificate: tls.cert,
            error: complaint,
          });
        },
      );
    }, renewalInterval);
  const close = () => {
    closing = true;
    clearInterval(timer);
  };
  return {
    url,
    async drain() {
      close();
      await Promise.all([...servers].map((each) => each.stop()));
    },
    [Symbol.dispose]() {
      close();
      for (const each of servers) void each.stop(true);
    },
  };
}

interface KeyPair {
  /** PEM. */
  cert: string;
  key: string;
}

async function readPair({ cert, key }: { cert: string; key: string }): Promise<KeyPair> {
  return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
}

/** Throws where they are no certificate and its key. */
function checkPair(pair: KeyPair): void {
  createSecureContext(pair);
}
