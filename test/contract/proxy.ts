/**
 * Stands between clients and an engine's socket, and writes a line for each breach of the Engine API to a file. A
 * program of its own, so that a test that is busy holds up nobody. Ends with its standard input.
 *
 * CONTRACT_PROXY: JSON of { listen, engine, report }, paths of two sockets and a file. (Not arguments: tests look for
 * processes by the paths in their command lines.)
 */
import { appendFileSync, chmodSync, rmSync, statSync } from "node:fs";
import { Recorder } from "./recorder.ts";
import { relay } from "./relay.ts";

/** Milliseconds for connections to end once the engine has. */
const patience = 3000;

const { listen, engine, report }: { listen: string; engine: string; report: string } = JSON.parse(
  process.env["CONTRACT_PROXY"] ?? "{}",
);
const told = new Set<string>();

function tell(breach: string): void {
  // The same at another time, in another row, is the same.
  const kind = breach.replace(/\[\d+\]/g, "[]").replace(/, got .*/, "");
  if (told.has(kind)) return;
  told.add(kind);
  appendFileSync(report, `${breach}\n`);
}

rmSync(listen, { force: true });
const server = relay(listen, engine, () => new Recorder(tell));
chmodSync(listen, statSync(engine).mode & 0o777);
process.stdout.write("ready\n");
for await (const _line of process.stdin) {
  /* none comes */
}
await server.stop(patience);
process.exit(0);
