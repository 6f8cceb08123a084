const enter = (path: string): string[] => ["nsenter", `--net=${path}`];

/** Answers each line of a TCP connection with `word`. */
export async function echoServer(path: string, port: number, word: string): Promise<AsyncDisposable> {
  const script =
    `Bun.listen({ hostname: "0.0.0.0", port: ${port}, socket: { data(s) { ` +
    `s.write(${JSON.stringify(word)} + "\\n"); } } }); console.log("ready")`;
  const child = Bun.spawn([...enter(path), process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  await child.stdout.getReader().read();
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

/** A connection that stays open. */
export interface Connection extends AsyncDisposable {
  /** What a line is answered with; `closed` where the connection has ended. */
  ask(): Promise<string>;
}

export function connectFrom(path: string, host: string, port: number): Connection {
  const script =
    `const s = await Bun.connect({ hostname: "${host}", port: ${port}, socket: { data(_, d) { ` +
    'process.stdout.write(d); }, close() { console.log("closed"); }, error() {} } }); ' +
    "for await (const line of console) s.write(line);";
  const child = Bun.spawn([...enter(path), process.execPath, "-e", script], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  return {
    async ask() {
      child.stdin.write("?\n");
      await child.stdin.flush();
      return Buffer.from((await reader.read()).value ?? [])
        .toString()
        .trim();
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}
