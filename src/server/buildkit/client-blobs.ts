import {
  contentPaths,
  ReadContentRequest,
  ReadContentResponse,
  WriteAction,
  WriteContentRequest,
} from "../../api/buildkit/content.ts";
import type { ClientBlobs, ClientStore } from "../../builder/session/client-blobs.ts";
import { invalid } from "../../lib/errors.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { newId } from "../../lib/ids.ts";
import { decode, encode } from "../../lib/protobuf.ts";
import type { ClientConnection } from "./sessions.ts";

/** Which store of the client's a call is about. */
const storeHeader = "buildkit-attachable-store-id";
/** What stands before the name of a store. */
const kinds = { cache: "local:", layout: "oci:" } as const;
/** Bytes of one message: clients take no more than 4 MiB. */
const mostBytes = 1024 * 1024;

/** A store of the client's, by the service of containerd's that its session offers. Undefined: it offers none. */
export function clientBlobs(
  { client, methods }: Pick<ClientConnection, "client" | "methods">,
  store: ClientStore,
  signal: AbortSignal,
): ClientBlobs | undefined {
  if (!methods.has(contentPaths.read)) return undefined;
  const id = store.kind === "export" ? "export" : `${kinds[store.kind]}${store.name}`;
  if (!/^[\x20-\x7e]*$/.test(id)) throw invalid(`the client takes and gives blobs of paths in ASCII only: ${id}`);
  const metadata = { [storeHeader]: id };
  const call = (path: string) => client.stream(path, { metadata, signal });
  return {
    async *read(digest) {
      const reading = call(contentPaths.read);
      await reading.send(encode(ReadContentRequest, { digest }));
      reading.end();
      for await (const message of reading.messages) yield decode(ReadContentResponse, message).data;
    },
    async write({ digest, size }, content) {
      const writing = call(contentPaths.write);
      const answers = writing.messages[Symbol.asyncIterator]();
      const about = { ref: `berth-${newId()}`, total: size, expected: digest };
      let offset = 0;
      try {
        for await (const chunk of content) {
          for (let at = 0; at < chunk.length; at += mostBytes) {
            const data = chunk.subarray(at, at + mostBytes);
            await writing.send(encode(WriteContentRequest, { ...about, action: WriteAction.write, offset, data }));
            await answers.next();
            offset += data.length;
          }
        }
        await writing.send(encode(WriteContentRequest, { ...about, action: WriteAction.commit, offset }));
        await answers.next();
        writing.end();
        await answers.next();
      } catch (error) {
        writing.cancel();
        if (!(error instanceof GrpcError && error.code === Code.alreadyExists)) throw error;
      }
    },
  };
}
