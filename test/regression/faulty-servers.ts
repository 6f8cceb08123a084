/**
 * Servers that break off, talk noise or speak TLS where nobody expects it. Each takes one kind of request and answers
 * it badly.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

export interface Faulty extends AsyncDisposable {
  /** Of 127.0.0.1. */
  port: number;
}

async function listening(server: Server): Promise<Faulty> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

/** Calls `answer` with each piece of a request that comes, in plain TCP. */
export const faulty = (answer: (socket: Socket, request: string) => void): Promise<Faulty> =>
  listening(
    createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (data) => answer(socket, data.toString("latin1")));
    }),
  );

/** Says the same to everybody and hangs up. */
export const saying = (text: string): Promise<Faulty> => faulty((socket) => socket.end(text));

/** Speaks TLS with a certificate that nobody knows. */
export const selfSigned = async (): Promise<Faulty> => {
  const { key, cert } = await certificate();
  const server = createTlsServer({ key, cert }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(reply("ok")));
  });
  server.on("tlsClientError", () => {});
  return listening(server);
};

async function certificate(): Promise<{ key: string; cert: string }> {
  const child = Bun.spawn(
    [
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "-",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
    ],
    { stdout: "pipe", stderr: "ignore" },
  );
  const text = await child.stdout.text();
  const part = (what: string) => new RegExp(`-----BEGIN ${what}-----[^]*?-----END ${what}-----`).exec(text)?.[0] ?? "";
  return { key: part("PRIVATE KEY"), cert: part("CERTIFICATE") };
}

export const reply = (body: string, type = "text/plain"): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** A registry whose own address answers well, and every other `answer`. */
export const registry = (answer: string): Promise<Faulty> =>
  faulty((socket, request) => {
    if (/^\w+ \/v2\/ /.test(request)) socket.write(reply("{}", "application/json"));
    else socket.end(answer);
  });

/** A registry that sends who asks for a token to `realm` (null: to itself), which answers with `token`. */
export const guarded = async (realm: string | null, token = ""): Promise<Faulty> => {
  let own = "";
  const server = await faulty((socket, request) => {
    if (/^\w+ \/token/.test(request)) socket.end(token);
    else
      socket.write(
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm="${realm ?? own}",service="s"\r\n` +
          "Content-Length: 0\r\n\r\n",
      );
  });
  own = `http://127.0.0.1:${server.port}/token`;
  return server;
};
