import net, { type Socket } from "node:net";

/** Two ends of a connection; both are gone when it is disposed of. */
export interface Connection extends AsyncDisposable {
  left: Socket;
  right: Socket;
}

/** A connection over loopback. */
export async function connection(): Promise<Connection> {
  const server = net.createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const left = net.connect({ port: address.port, host: "127.0.0.1", allowHalfOpen: true });
  await new Promise<void>((resolve) => left.once("connect", resolve));
  const right = await accepted;
  server.close();
  return {
    left,
    right,
    async [Symbol.asyncDispose]() {
      left.destroy();
      right.destroy();
    },
  };
}
