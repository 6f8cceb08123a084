/**
 * Sends queries to a container's name server as they are given, in hex, each from a socket of its own; prints the
 * answers in hex, `-` for none.
 */
import { createSocket } from "node:dgram";

const answers = await Promise.all(
  process.argv.slice(2).map((query) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = createSocket("udp4");
    const timer = setTimeout(() => resolve("-"), 3000);
    socket.on("message", (answer) => resolve(answer.toString("hex")));
    socket.send(Buffer.from(query, "hex"), 53, "127.0.0.11");
    return promise.finally(() => {
      clearTimeout(timer);
      socket.close();
    });
  }),
);
console.log(answers.join("\n"));
