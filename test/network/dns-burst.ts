/**
 * Asks a container's name server for one name many times at once, from some sockets; prints how many of them were
 * answered.
 */
import { createSocket } from "node:dgram";

const [query = "", count = "0", sockets = "1"] = process.argv.slice(2);
const bytes = Buffer.from(query, "hex");
let answered = 0;
const { promise: all, resolve } = Promise.withResolvers<void>();
const open = await Promise.all(
  Array.from({ length: Number(sockets) }, () => {
    const socket = createSocket("udp4");
    socket.on("message", () => {
      if (++answered === Number(count)) resolve();
    });
    const bound = Promise.withResolvers<typeof socket>();
    socket.bind(0, () => bound.resolve(socket));
    return bound.promise;
  }),
);
for (let at = 0; at < Number(count); at++) open[at % open.length]?.send(bytes, 53, "127.0.0.11");
await Promise.race([all, Bun.sleep(5000)]);
console.log(answered);
process.exit(0);
