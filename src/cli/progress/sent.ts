import type { Output } from "../deps.ts";
import { humanSize } from "../format/units.ts";

/** Passes a build context on and, on a terminal, shows how much of it is on its way. */
export async function* countSent(
  out: Output,
  chunks: AsyncIterable<Uint8Array>,
  quiet: boolean,
): AsyncGenerator<Uint8Array> {
  const shows = out.isTerminal && !quiet;
  let sent = 0;
  let drawn = 0;
  const draw = (end: string) => out.write(`\x1b[2K\rSending build context to the daemon  ${humanSize(sent)}${end}`);
  for await (const chunk of chunks) {
    sent += chunk.length;
    yield chunk;
    if (!shows || performance.now() - drawn < 100) continue;
    drawn = performance.now();
    draw("\r");
    await out.flush();
  }
  if (shows) draw("\n");
}
