import { HealthCheckRequest, HealthCheckResponse, sessionPaths } from "../../api/buildkit/session.ts";
import { Arrivals } from "../../lib/arrivals.ts";
import type { Client } from "../../lib/grpc/client.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { pause } from "../../lib/pause.ts";

/** How often a client is asked whether it is well, and how long it may take to say so, in ms. */
const healthEvery = 5_000;
/** The first time, and after it said no: one whose build failed before its session began waits for the end of that. */
const healthSoon = 1_000;
const healthTimeout = 15_000;

/** A client's end of a connection, on which it answers what the engine asks. */
export interface ClientConnection {
  readonly id: string;
  /** The same for each build of one folder of one client; empty where the client does not say. */
  readonly sharedKey: string;
  /** What it answers, as `/service/Method`. */
  readonly methods: ReadonlySet<string>;
  readonly client: Client;
  /** Aborted when the connection has ended. */
  readonly gone: AbortSignal;
}

/** The clients that are connected, by the id that each gave itself. */
export class Sessions {
  readonly #open = new Arrivals<ClientConnection>();

  /** Keeps a client until its connection ends; resolves then. */
  async serve(connection: Omit<ClientConnection, "gone">): Promise<void> {
    const { id, client } = connection;
    if (id === "" || this.#open.has(id)) {
      client.close();
      return;
    }
    const gone = new AbortController();
    this.#open.add(id, { ...connection, gone: gone.signal });
    const watch = watchHealth(connection, gone.signal);
    try {
      await client.closed;
    } finally {
      this.#open.delete(id);
      gone.abort(new GrpcError(Code.unavailable, `session ${id} has ended`));
      await watch;
    }
  }

  /** The client of that id; it has a few seconds to come. */
  async find(id: string, signal: AbortSignal, ms = 5_000): Promise<ClientConnection> {
    const found = await this.#open.find(id, signal, ms);
    if (found) return found;
    signal.throwIfAborted();
    throw new GrpcError(Code.unknown, `no active session for ${id}: context deadline exceeded`);
  }

  /** Done when the client of that id has gone, or after that time. */
  async left(id: string, ms: number): Promise<void> {
    const gone = this.#open.get(id)?.gone;
    if (gone) await pause(ms, gone);
  }
}

/** A client that twice in a row does not say that it is well is let go. */
async function watchHealth(
  { client, methods }: Pick<ClientConnection, "client" | "methods">,
  gone: AbortSignal,
): Promise<void> {
  if (!methods.has(sessionPaths.health)) return;
  let failures = 0;
  let wait = healthSoon;
  while (failures < 2) {
    if (!(await pause(wait, gone))) return;
    try {
      await client.unary(
        sessionPaths.health,
        HealthCheckRequest,
        HealthCheckResponse,
        {},
        { timeoutMs: healthTimeout },
      );
      failures = 0;
      wait = healthEvery;
    } catch {
      failures++;
      wait = healthSoon;
    }
  }
  client.close();
}
