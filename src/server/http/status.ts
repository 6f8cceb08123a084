const texts: Record<number, string> = {
  101: "UPGRADED",
  200: "OK",
  201: "Created",
  204: "No Content",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** The words after a status in HTTP/1. `101 UPGRADED` is Docker's, and clients have come to look for it. */
export function statusText(status: number): string {
  return texts[status] ?? "Unknown";
}
