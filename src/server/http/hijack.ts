import { encodeFrame, encodeFrames, type Frame } from "../../api/stdcopy.ts";
import { api } from "../compat/version.ts";
import { ConnectionClosed } from "./connection.ts";
import type { RawStream, Reply } from "./reply.ts";
import type { ApiRequest } from "./router.ts";

/** The two ends of a process's standard streams, as attach and exec give them. */
export interface ProcessStreams {
  /** Output is a terminal's, without frames. */
  tty: boolean;
  frames: AsyncIterable<Frame>;
  write(data: Uint8Array): Promise<void>;
  closeStdin(): void;
  close(): void;
}

/** Content type of a process's output without frames: bytes of a terminal, and what clients before API 1.42 expect. */
export const rawStreamType = "application/vnd.docker.raw-stream";
const multiplexedStreamType = "application/vnd.docker.multiplexed-stream";

/** The content type of a process's output for a client of this version. */
export function outputType(request: ApiRequest, tty: boolean): string {
  return !tty && request.version >= api("1.42") ? multiplexedStreamType : rawStreamType;
}

/**
 * Gives the connection to a process: `101 UPGRADED` for a client that asked for it, else `200 OK` with a body that
 * has no end but the connection's (and that old clients know as raw whatever is in it).
 */
export function hijack(request: ApiRequest, streams: ProcessStreams): Reply {
  const upgraded = request.headers.has("upgrade");
  return {
    status: upgraded ? 101 : 200,
    headers: upgraded
      ? { "Content-Type": outputType(request, streams.tty), Connection: "Upgrade", Upgrade: "tcp" }
      : { "Content-Type": rawStreamType },
    takeOver: (raw) => connectStreams(raw, streams),
  };
}

/** Output as it goes over the wire: bare for a terminal, in frames else. */
export async function* wireOutput(streams: Pick<ProcessStreams, "tty" | "frames">): AsyncGenerator<Uint8Array> {
  for await (const frame of streams.frames) yield streams.tty ? frame.data : encodeFrame(frame);
}

/** The same of output that comes in batches, each in one piece. */
export async function* wireBatches(tty: boolean, batches: AsyncIterable<Frame[]>): AsyncGenerator<Uint8Array> {
  for await (const frames of batches) yield tty ? Buffer.concat(frames.map(({ data }) => data)) : encodeFrames(frames);
}

/**
 * Passes bytes both ways until the output ends or the client is gone. The client ending its half is the end of
 * standard input, no more: output goes on. Closes the streams.
 */
export async function connectStreams(
  raw: RawStream,
  streams: ProcessStreams,
  output = wireOutput(streams),
): Promise<void> {
  const leave = () => streams.close();
  raw.gone.addEventListener("abort", leave);
  if (raw.gone.aborted) leave();
  const feeding = feed(raw, streams);
  try {
    for await (const data of output) await raw.write(data);
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  } finally {
    raw.gone.removeEventListener("abort", leave);
    streams.close();
    raw.endWrite();
  }
  // What the client still types after the end goes nowhere; its reader ends with the connection.
  void feeding;
}

async function feed(raw: RawStream, streams: ProcessStreams): Promise<void> {
  try {
    for await (const data of raw.input) await streams.write(data);
    streams.closeStdin();
  } catch {
    // The process no longer reads, or the client broke off: the output's end tells the rest.
  }
}
