import { rmSync, symlinkSync } from "node:fs";

/** What a plugin was asked. */
export interface AskedOfPlugin {
  method: string;
  body: unknown;
}

/** How a plugin of a test answers a method: with JSON, with text, or with what a function makes of the body. */
export type PluginAnswer = Record<string, unknown> | string | ((body: unknown) => unknown);

/**
 * A plugin of a test's own, behind a Unix socket: it notes what it is asked and answers what the test has laid down,
 * `{}` where that is nothing. It can go away, and come back at the same place.
 */
export class RecordingPlugin implements Disposable {
  readonly asked: AskedOfPlugin[] = [];
  #coming = 0;
  #server: Bun.Server<undefined> | undefined;

  constructor(
    readonly socket: string,
    readonly answers: Record<string, PluginAnswer>,
  ) {
    this.come();
  }

  /** Listens, at a place of its own each time: Bun removes a socket some time after the server's end. */
  come(): void {
    const place = `${this.socket}.${++this.#coming}`;
    this.#server = Bun.serve({
      unix: place,
      fetch: (request: Request, server: Bun.Server<undefined>) => {
        server.timeout(request, 0);
        return this.#answer(request);
      },
    });
    rmSync(this.socket, { force: true });
    symlinkSync(place, this.socket);
  }

  /** Ends all connections, and nobody listens any more. */
  async leave(): Promise<void> {
    await this.#server?.stop(true);
    this.#server = undefined;
  }

  /** The methods that were asked, in order, since this was called last. */
  methods(): string[] {
    return this.asked.splice(0).map(({ method }) => method);
  }

  async #answer(request: Request): Promise<Response> {
    const method = new URL(request.url).pathname.slice(1);
    const text = await request.text();
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    this.asked.push({ method, body });
    const laidDown = this.answers[method] ?? {};
    const answer: unknown = typeof laidDown === "function" ? await laidDown(body) : laidDown;
    if (answer instanceof Response) return answer;
    return new Response(typeof answer === "string" ? answer : JSON.stringify(answer));
  }

  [Symbol.dispose](): void {
    void this.#server?.stop(true);
    rmSync(this.socket, { force: true });
  }
}
