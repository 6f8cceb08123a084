import { run } from "../../src/lib/run.ts";

/** A web server of one page in a namespace (null: the host's), listening on all addresses unless told otherwise. */
export function httpServer(
  path: string | null,
  port: number,
  page: string,
  address = "0.0.0.0",
): Promise<AsyncDisposable> {
  return serve(
    path,
    `Bun.serve({ hostname: ${JSON.stringify(address)}, port: ${port}, fetch: () => new ` +
      `Response(${JSON.stringify(page)}) }); console.log("ready")`,
  );
}

/** One that tells its visitors their address. */
export function whoServer(path: string | null, port: number): Promise<AsyncDisposable> {
  return serve(
    path,
    `Bun.serve({ hostname: "0.0.0.0", port: ${port}, fetch: (r, s) => new Response(s.requestIP(r).address) }); ` +
      `console.log("ready")`,
  );
}

async function serve(path: string | null, script: string): Promise<AsyncDisposable> {
  const enter = path === null ? [] : ["nsenter", `--net=${path}`];
  const child = Bun.spawn([...enter, process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  if (!value) throw new Error("the web server did not start");
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

/** The page, or nothing where nobody takes a connection within two seconds. */
export async function fetchText(path: string | null, url: string): Promise<string> {
  const enter: [string, ...string[]] = path === null ? ["curl"] : ["nsenter", `--net=${path}`, "curl"];
  return (await run([...enter, "-gsS", "--connect-timeout", "2", "-m", "30", "--noproxy", "*", url])).stdout;
}
