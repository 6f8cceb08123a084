/** Raw streams of containers and execs. */
import type { Client, Hijacked } from "./client.ts";
import { pathPart } from "./path.ts";

/** Which streams to connect. `logs`: send first what was written so far; `detachKeys`: as `ctrl-p,ctrl-q`. */
export interface AttachOptions {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  logs?: boolean;
  detachKeys?: string;
}

/** Connects to the streams of a container's main process. The connection stays open until that ends or is closed. */
export function attachContainer(client: Client, container: string, options: AttachOptions): Promise<Hijacked> {
  return client.hijack(`/containers/${pathPart("container", container)}/attach`, {
    query: { stream: true, ...options },
  });
}
