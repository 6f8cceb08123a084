import { errorMessage, internal } from "../../../lib/errors.ts";
import { pause } from "../../../lib/pause.ts";
import { formatRfc3339Nano } from "../../../lib/rfc3339.ts";
import type { Plugin } from "../../../plugin/plugin.ts";
import type { LogEntry } from "../entry.ts";
import { type LogPart, makeFilter, makeLateness } from "../read.ts";
import { decodeEntries } from "./plugin-entry.ts";

/** How Go writes that there is no time. */
const NO_TIME = "0001-01-01T00:00:00Z";
/** Milliseconds in which a plugin that is followed has to end once the container has. */
const FAREWELL = 3_000;

/**
 * A container's log as its plugin has it (`LogDriver.ReadLogs`). `info`: what the plugin is told of the container. Ends
 * with the plugin's answer, with the signal, and soon after the container. Throws Docker's words.
 */
export async function* readPluginLog(plugin: Plugin, info: unknown, part: LogPart): AsyncGenerator<LogEntry[]> {
  const { signal, ended, follow = false } = part;
  const over = new AbortController();
  const stop = () => over.abort();
  const stopSoon = () => void pause(FAREWELL, over.signal).then(stop);
  signal?.addEventListener("abort", stop, { once: true });
  ended?.addEventListener("abort", stopSoon, { once: true });
  if (signal?.aborted) stop();
  if (follow && ended?.aborted) stopSoon();
  try {
    yield* wanted(await ask(plugin, { Info: info, Config: configOf(part) }, over.signal), part);
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    over.abort();
    signal?.removeEventListener("abort", stop);
    ended?.removeEventListener("abort", stopSoon);
  }
}

function configOf({ since, until, tail = -1, follow = false }: LogPart): Record<string, unknown> {
  const time = (nanoseconds: bigint | undefined) =>
    nanoseconds === undefined ? NO_TIME : formatRfc3339Nano(nanoseconds);
  return { Since: time(since), Until: time(until), Tail: tail, Follow: follow };
}

async function ask(plugin: Plugin, body: unknown, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await plugin.stream("LogDriver.ReadLogs", body, signal);
  } catch (cause) {
    throw internal(`error getting log reader: ${errorMessage(cause)}`, cause);
  }
}

/** The plugin has been told what is wanted; that is seen to all the same. */
async function* wanted(stream: AsyncIterable<Uint8Array>, part: LogPart): AsyncGenerator<LogEntry[]> {
  const matches = makeFilter(part);
  const isLate = makeLateness(part);
  for await (const entries of decodeEntries(stream)) {
    const kept = entries.filter((entry) => matches(entry) && !isLate(entry));
    if (kept.length > 0) yield kept;
    if (entries.some(isLate)) return;
  }
}
