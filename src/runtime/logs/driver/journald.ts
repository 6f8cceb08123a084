import { newId, shortId } from "../../../lib/ids.ts";
import { dialUnixgram } from "../send/datagrams.ts";
import type { LogInfo, Receiver } from "../send/receiver.ts";
import type { SentLine } from "../send/sent-line.ts";
import { attributeOptions, sendingDriver } from "./driver.ts";
import { journalReader } from "./journal-older.ts";

const SOCKET = "/run/systemd/journal/socket";
const INFO = "6";
const ERROR = "3";
const NEWLINE = 0x0a;

/** Lines as entries of systemd's journal. */
export const journald = sendingDriver({
  name: "journald",
  options: attributeOptions,
  // What Docker reads from the journal is what was written.
  readable: () => true,
  sends: { check() {}, open },
  readBack: async ({ containerId }, { path }) => journalReader(containerId, path),
});

async function open(info: LogInfo, signal: AbortSignal): Promise<Receiver> {
  let socket: ReturnType<typeof dialUnixgram>;
  try {
    socket = dialUnixgram(SOCKET, signal);
  } catch (cause) {
    throw new Error("journald is not enabled on this host", { cause });
  }
  const always = fieldsOf(info);
  const epoch = newId();
  let ordinal = 0;
  return {
    async send(lines) {
      for (const line of lines) {
        ordinal++;
        const counted = { CONTAINER_LOG_EPOCH: epoch, CONTAINER_LOG_ORDINAL: String(ordinal) };
        await socket.send(encodeEntry({ ...always, ...counted, ...lineFields(line) }));
      }
    },
    close: () => socket.close(),
  };
}

function fieldsOf({ containerId, containerName, imageName, tag, attributes }: LogInfo): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [fieldName(name), value])),
    CONTAINER_ID: shortId(containerId),
    CONTAINER_ID_FULL: containerId,
    CONTAINER_NAME: containerName,
    CONTAINER_TAG: tag,
    IMAGE_NAME: imageName,
    SYSLOG_IDENTIFIER: tag,
  };
}

/** Capital letters, digits and underscores, not beginning with one. */
function fieldName(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "_")
    .replace(/^_+/, "");
}

function lineFields({ stream, time, text, piece }: SentLine): Record<string, string | Uint8Array> {
  return {
    PRIORITY: stream === 1 ? INFO : ERROR,
    MESSAGE: text,
    SYSLOG_TIMESTAMP: time.replace(/\.?0+Z$/, "Z"),
    ...(piece && {
      CONTAINER_PARTIAL_ID: piece.id,
      CONTAINER_PARTIAL_ORDINAL: String(piece.ordinal),
      CONTAINER_PARTIAL_LAST: String(piece.last),
      ...(!piece.last && { CONTAINER_PARTIAL_MESSAGE: "true" }),
    }),
  };
}

/** The journal's own protocol: `NAME=value`, or the value's length and the value where it is more than a line. */
function encodeEntry(fields: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    if (name === "") return [];
    const bytes = Buffer.from(value);
    if (!bytes.includes(NEWLINE)) return [Buffer.from(`${name}=`), bytes, Buffer.of(NEWLINE)];
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return [Buffer.from(`${name}\n`), length, bytes, Buffer.of(NEWLINE)];
  });
  return Buffer.concat(parts);
}
