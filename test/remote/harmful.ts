/** A proxy before a registry that does harm to answers. */
export async function harmful(
  upstream: string,
  harm: (request: Request, answer: () => Promise<Response>, count: number) => Promise<Response>,
): Promise<{ host: string; requests: string[]; stop(): void }> {
  const counts = new Map<string, number>();
  const requests: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 60,
    fetch(request) {
      const url = new URL(request.url);
      const key = `${request.method} ${url.pathname}`;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      requests.push(`${key} ${request.headers.get("range") ?? ""}`.trim());
      const headers = new Headers(request.headers);
      headers.delete("host");
      return harm(
        request,
        () =>
          fetch(`http://${upstream}${url.pathname}${url.search}`, {
            method: request.method,
            headers,
            body: request.body,
            redirect: "manual",
            decompress: false,
          }),
        count,
      );
    },
  });
  return { host: `127.0.0.1:${server.port}`, requests, stop: () => server.stop(true) };
}

export const isBlob = (request: Request) => request.method === "GET" && request.url.includes("/blobs/");
