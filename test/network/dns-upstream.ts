/**
 * A name server for tests: answers 203.0.113.9 to every question, by UDP and TCP on port 53 of the address named, else
 * of all. Runs inside a namespace.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const address = process.argv[2] ?? "0.0.0.0";
const answer = (query: Buffer): Buffer => {
  const end = query.indexOf(0, 12) + 5;
  const header = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  return Buffer.concat([
    header,
    query.subarray(12, end),
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 9]),
  ]);
};
const udp = createSocket("udp4");
udp.on("message", (query, from) => udp.send(answer(query), from.port, from.address));
udp.bind(53, address, () => {
  createServer((socket) =>
    socket.on("data", (data: Buffer) => {
      const reply = answer(data.subarray(2));
      socket.write(Buffer.concat([Buffer.of(0, reply.length), reply]));
    }),
  ).listen(53, address, () => console.log("ready"));
});
