import type { Duplex } from "node:stream";
import { connection } from "../../lib/connection.ts";
import type { RawStream } from "./reply.ts";

/** A connection after HTTP as a stream of Node, for libraries that want one. */
export function asDuplex(raw: RawStream): Duplex {
  const duplex = connection({
    input: raw.input,
    write: (data) => raw.write(data),
    endWrite: () => raw.endWrite(),
    close() {
      raw.gone.removeEventListener("abort", gone);
      raw.endWrite();
    },
  });
  const gone = () => duplex.destroy();
  raw.gone.addEventListener("abort", gone, { once: true });
  if (raw.gone.aborted) gone();
  return duplex;
}
