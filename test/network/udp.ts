import { run } from "../../src/lib/run.ts";

const enter = (path: string | null): string[] => (path === null ? [] : ["nsenter", `--net=${path}`]);

/** Answers every datagram with `word`. */
export async function udpServer(path: string, port: number, word: string): Promise<AsyncDisposable> {
  const script = `await Bun.udpSocket({ hostname: "0.0.0.0", port: ${port}, socket: { data(s, _, p, a) { s.send(${JSON.stringify(word)}, p, a); } } }); console.log("ready")`;
  const child = Bun.spawn([...enter(path), process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  await child.stdout.getReader().read();
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

/** One datagram from `from`; the answer, or nothing within five seconds. */
export async function askUdp(path: string | null, host: string, port: number, from: number): Promise<string> {
  const family = host.includes(":") ? 6 : 4;
  const script = `import { createSocket } from "node:dgram";
    const s = createSocket("udp${family}"); s.bind(${from}, () => s.send("?", ${port}, ${JSON.stringify(host)}));
    s.on("message", (m) => { console.log(m.toString()); process.exit(0); }); setTimeout(() => process.exit(0), 5000);`;
  const [program, ...args] = [...enter(path), process.execPath, "-e", script];
  return (await run([program ?? "", ...args])).stdout.trim();
}
