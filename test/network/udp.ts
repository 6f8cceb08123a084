import { run } from "../../src/lib/run.ts";

const enter = (path: string | null): string[] => (path === null ? [] : ["nsenter", `--net=${path}`]);

/** Answers every datagram with `word`. */
export async function udpServer(
  path: string,
  port: number,
  word: string,
  address = "0.0.0.0",
): Promise<AsyncDisposable> {
  const script =
    `await Bun.udpSocket({ hostname: ${JSON.stringify(address)}, port: ${port}, socket: { data(s, _, p, a) { ` +
    `s.send(${JSON.stringify(word)}, p, a); } } }); console.log("ready")`;
  const child = Bun.spawn([...enter(path), process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  await child.stdout.getReader().read();
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

/**
 * One datagram from port `from`, 0 for any, and the address `local`, if given; the answer that comes from where it was
 * sent to, or nothing within five seconds.
 */
export async function askUdp(
  path: string | null,
  host: string,
  port: number,
  from: number,
  local?: string,
): Promise<string> {
  const family = host.includes(":") ? 6 : 4;
  const script = `import { createSocket } from "node:dgram";
    const s = createSocket("udp${family}"); s.on("error", () => process.exit(0));
    s.bind({ port: ${from}, address: ${JSON.stringify(local)} }, () =>
      s.connect(${port}, ${JSON.stringify(host)}, () => s.send("?")));
    s.on("message", (m) => { console.log(m.toString()); process.exit(0); }); setTimeout(() => process.exit(0), 5000);`;
  const [program, ...args] = [...enter(path), process.execPath, "-e", script];
  return (await run([program ?? "", ...args])).stdout.trim();
}
