/** `ask.ts NAME TYPE udp|tcp`: asks 127.0.0.11 and prints the answers as a JSON list. Runs inside a namespace. */

import { createSocket } from "node:dgram";
import { connect } from "node:net";

const [name = "", type = "A", transport = "udp"] = process.argv.slice(2);
const asked = type === "PTR" ? `${name.split(".").reverse().join(".")}.in-addr.arpa` : name;
const code = { A: 1, PTR: 12, AAAA: 28 }[type] ?? 1;
const labels = asked
  .split(".")
  .filter((label) => label !== "")
  .flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]);
const query = Buffer.concat([
  Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  ...labels,
  Buffer.of(0, 0, code, 0, 1),
]);

const answer = await new Promise<Buffer>((resolve, reject) => {
  setTimeout(() => reject(new Error("no answer")), 20_000);
  if (transport === "tcp") {
    const socket = connect(53, "127.0.0.11", () => socket.write(Buffer.concat([Buffer.of(0, query.length), query])));
    socket.on("data", (data: Buffer) => resolve(data.subarray(2)));
    socket.on("error", reject);
  } else {
    const socket = createSocket("udp4");
    socket.on("message", resolve);
    socket.on("error", reject);
    socket.send(query, 53, "127.0.0.11");
  }
});

const records: string[] = [];
let at = query.length;
for (let count = answer.readUInt16BE(6); count > 0; count--) {
  const length = answer.readUInt16BE(at + 10);
  const data = answer.subarray(at + 12, at + 12 + length);
  if (length === 4) records.push([...data].join("."));
  else if (length === 16) records.push(data.toString("hex"));
  else {
    const parts: string[] = [];
    for (let label = 0; (data[label] ?? 0) > 0; label += 1 + (data[label] ?? 0))
      parts.push(data.subarray(label + 1, label + 1 + (data[label] ?? 0)).toString());
    records.push(parts.join("."));
  }
  at += 12 + length;
}
console.log(JSON.stringify(records));
process.exit(0);
