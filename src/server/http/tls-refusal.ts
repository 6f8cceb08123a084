import type { Connection } from "./connection.ts";
import { statusText } from "./status.ts";

/** What a client reads that speaks HTTP to a port where TLS is spoken, as Go's servers answer it. */
export const plainHttpAnswer = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/** Whether a handshake failed because the first bytes were a plain request. */
export function isPlainHttp(error: Error | null): boolean {
  return error?.message.includes("HTTP_REQUEST") ?? false;
}

/**
 * Says over the established connection why its client may not speak on it, and ends it. Nothing that it sent is read.
 */
export async function refuseCertificate(connection: Connection, reason: string): Promise<void> {
  const body = JSON.stringify({ message: `client certificate: ${reason}` });
  const status = 403;
  await connection
    .write(
      `HTTP/1.1 ${status} ${statusText(status)}\r\nContent-Type: application/json\r\nConnection: close\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    .catch(() => {});
  await connection.finish();
}
