/**
 * How commands are tested: a stub engine on a unix socket of its own, and a run of the whole CLI in this process.
 *
 *     await using engine = stubEngine({ "GET /containers/json": () => Response.json([]) });
 *     const { code, stdout, stderr } = await runCli(["ps", "-q"], { engine });
 *     expect(engine.calls[0]).toEqual({ method: "GET", path: "/containers/json", query: {}, body: null });
 *
 * Paths are written without their version. Routes are matched as written, or by a prefix ending in `*`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import type { Host, Output } from "./deps.ts";
import { main } from "./main.ts";

export interface Call {
  method: string;
  path: string;
  query: Record<string, string>;
  /** The request's JSON; null where it had no body, the text where it is no JSON. */
  body: unknown;
  headers: Headers;
}

export type Answer = Response | Promise<Response>;

export interface StubEngine extends AsyncDisposable {
  host: string;
  /** Requests so far, pings left out. */
  calls: Call[];
}

/** Serves `_ping` and the routes given; everything else is 404 `page not found`. */
export function stubEngine(routes: Record<string, (call: Call) => Answer>, apiVersion = "1.56"): StubEngine {
  const dir = mkdtempSync("/tmp/berth-stub-");
  const calls: Call[] = [];
  const server = Bun.serve({
    unix: `${dir}/s`,
    async fetch(request) {
      const url = new URL(request.url);
      if (url.pathname === "/_ping")
        return new Response("OK", { headers: { "Api-Version": apiVersion, Ostype: "linux" } });
      const path = url.pathname.replace(/^\/v[\d.]+/, "");
      const sent = await request.text();
      const call = {
        method: request.method,
        path,
        query: Object.fromEntries(url.searchParams),
        body: parse(sent),
        headers: request.headers,
      };
      calls.push(call);
      const name = `${request.method} ${path}`;
      const key = Object.keys(routes).find(
        (route) => route === name || (route.endsWith("*") && name.startsWith(route.slice(0, -1))),
      );
      return (
        (key !== undefined && (await routes[key]?.(call))) ||
        Response.json({ message: "page not found" }, { status: 404 })
      );
    },
  });
  return {
    host: `unix://${dir}/s`,
    calls,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function parse(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export interface CliRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `berth …` in this process against a stub engine (or any `DOCKER_HOST` in env). */
export async function runCli(
  argv: readonly string[],
  options: {
    engine?: Pick<StubEngine, "host">;
    env?: Record<string, string>;
    stdin?: string | Uint8Array;
    columns?: number;
    invoked?: string;
  } = {},
): Promise<CliRun> {
  const [out, err] = [capture(options.columns), capture(options.columns)];
  const host: Host = {
    invoked: options.invoked ?? "berth",
    become: (path, argv) => Promise.reject(new Error(`became ${path} ${argv.join(" ")}`)),
    env: { HOME: "/nonexistent", ...(options.engine && { DOCKER_HOST: options.engine.host }), ...options.env },
    out,
    err,
    stdin: {
      isTerminal: false,
      async *stream() {
        const { stdin } = options;
        if (stdin !== undefined) yield typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
      },
    },
  };
  const code = await main(argv, host);
  return { code, stdout: out.text(), stderr: err.text() };
}

/** An output that keeps what it was given; with columns it passes for a terminal. */
export function capture(columns = 0): Output & { text(): string } {
  const parts: Uint8Array[] = [];
  return {
    isTerminal: columns > 0,
    size: () => [columns, columns > 0 ? 24 : 0],
    write(data) {
      parts.push(typeof data === "string" ? new TextEncoder().encode(data) : data.slice());
    },
    async flush() {},
    text: () => new TextDecoder().decode(Buffer.concat(parts)),
  };
}
