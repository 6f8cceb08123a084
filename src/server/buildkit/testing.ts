import { Packet, PacketType, type Stat } from "../../api/buildkit/fsutil.ts";
import { sessionPaths } from "../../api/buildkit/session.ts";
import { type Client, connect } from "../../lib/grpc/client.ts";
import { bidi, type Method } from "../../lib/grpc/method.ts";
import { serve } from "../../lib/grpc/server.ts";
import { connection } from "../../lib/grpc/testing/connection.ts";
import { decode, encode, type Input } from "../../lib/protobuf.ts";

/** An entry of a client's folder. */
export type StatInput = Input<typeof Stat>;

/** A client that answers what the test says: the engine's end of its session. */
export async function fakeSession(methods: readonly Method[]): Promise<{ client: Client } & AsyncDisposable> {
  const pair = await connection();
  serve(pair.left, methods);
  const client = connect(pair.right);
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await pair[Symbol.asyncDispose]();
    },
  };
}

/** What a {@link lyingFolder} is told to do. */
export interface Lies {
  list: Iterable<StatInput>;
  /** What comes for a file that is asked for: packets, whatever they say. */
  answer?: (id: number) => Iterable<Input<typeof Packet>>;
  /** In place of the end of the list, and all after it. */
  instead?: Input<typeof Packet>[];
}

/** The transfer of a folder by a client that says what the test wants. `asked`: numbers that it was asked for. */
export function lyingFolder({ list, answer, instead }: Lies, asked: number[] = []): Method {
  return bidi(sessionPaths.fileSync, async (call) => {
    const send = (packet: Input<typeof Packet>) => call.send(encode(Packet, packet));
    for (const stat of list) await send({ type: PacketType.stat, stat });
    if (instead) {
      for (const packet of instead) await send(packet);
      return;
    }
    await send({ type: PacketType.stat });
    for await (const message of call.messages) {
      const { type, id } = decode(Packet, message);
      if (type === PacketType.finish) {
        await send({ type: PacketType.finish });
        return;
      }
      asked.push(id);
      for (const packet of answer?.(id) ?? []) await send(packet);
    }
  });
}

/** The content of a file, and its end. */
export const content = (id: number, ...parts: string[]): Input<typeof Packet>[] => [
  ...parts.map((part) => ({ type: PacketType.data, id, data: Buffer.from(part) })),
  { type: PacketType.data, id },
];
