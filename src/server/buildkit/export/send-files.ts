import { Packet, PacketType, type Stat } from "../../../api/buildkit/fsutil.ts";
import { type SourceEntry, type SourceTree, walk } from "../../../builder/source/tree.ts";
import { invalid } from "../../../lib/errors.ts";
import type { ClientCall } from "../../../lib/grpc/client-call.ts";
import { decode, encode, type Input } from "../../../lib/protobuf.ts";
import { modeOf } from "../folder/file-mode.ts";

/** Bytes of a file's content in one packet. */
const packetBytes = 32 * 1024;
const packetsAtOnce = 256;

/**
 * Sends a tree by the protocol of `fsutil`: the list of all that is in it, then the content of what the client asks
 * for. `epoch`: seconds; nothing is younger. Returns the bytes that went over the wire, once the client has all of it.
 */
export async function sendFiles(
  call: ClientCall,
  tree: SourceTree,
  epoch: number | undefined,
  sent: (bytes: number) => void,
): Promise<number> {
  const paths: string[] = [];
  const names = new Map<string, string>();
  let bytes = 0;
  const send = async (packets: Uint8Array[]) => {
    for (const packet of packets) bytes += packet.length;
    await call.send(packets.splice(0));
    sent(bytes);
  };
  const held: Uint8Array[] = [];
  for (const { path, entry } of walk(tree, "")) {
    paths.push(path);
    const first = entry.inode === undefined ? undefined : names.get(entry.inode);
    if (entry.inode !== undefined && first === undefined) names.set(entry.inode, path);
    held.push(encode(Packet, { type: PacketType.stat, stat: statOf(path, entry, first, epoch) }));
    if (held.length >= packetsAtOnce) await send(held);
  }
  held.push(encode(Packet, { type: PacketType.stat }));
  await send(held);
  for await (const message of call.messages) {
    const { type, id, data } = decode(Packet, message);
    if (type === PacketType.error) throw invalid(Buffer.from(data).toString("utf8"));
    if (type === PacketType.finish) break;
    if (type !== PacketType.request) throw invalid(`the client sent packet ${type} where it asks for files`);
    const path = paths[id];
    if (path === undefined) throw invalid(`the client asks for file ${id} of ${paths.length}`);
    for await (const chunk of tree.read(path)) {
      for (let at = 0; at < chunk.length; at += packetBytes)
        held.push(encode(Packet, { type: PacketType.data, id, data: chunk.subarray(at, at + packetBytes) }));
      await send(held);
    }
    held.push(encode(Packet, { type: PacketType.data, id }));
    await send(held);
  }
  await call.send(encode(Packet, { type: PacketType.finish }));
  call.end();
  // Until the client has closed its side it may still be writing.
  for await (const _ of call.messages);
  return bytes;
}

function statOf(
  path: string,
  entry: SourceEntry,
  first: string | undefined,
  epoch: number | undefined,
): Input<typeof Stat> {
  const late = epoch !== undefined && entry.mtime >= epoch;
  return {
    path,
    mode: modeOf(entry.type, entry.mode),
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    modTime: late ? BigInt(epoch) * 1_000_000_000n : BigInt(entry.mtime) * 1_000_000_000n + BigInt(entry.mtimeNanos),
    linkname: first ?? entry.linkName,
    devMajor: entry.devMajor,
    devMinor: entry.devMinor,
    ...(entry.xattrs && { xattrs: entry.xattrs }),
  };
}
