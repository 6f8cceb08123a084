/** Headers that every answer of the protocol carries. */
export const apiVersion = { "Docker-Distribution-API-Version": "registry/2.0" };

/** An answer without a body. It has `Content-Length: 0`, except with 204 and 304. */
export function empty(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status,
    headers: { ...headers, ...(status !== 204 && status !== 304 && { "Content-Length": "0" }) },
  });
}

/** An answer with a JSON body; `headers` may replace the content type. */
export function json(value: unknown, headers: Record<string, string> = {}, status = 200): Response {
  const body = JSON.stringify(value);
  return new Response(body, {
    status,
    headers: { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(body)), ...headers },
  });
}
