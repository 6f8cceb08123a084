import { EngineError, notFound, unauthorized, unavailable } from "../../lib/errors.ts";
import { parseChallenges } from "./challenge.ts";
import type { Endpoint } from "./endpoints.ts";

/** What was asked, as errors tell it. */
export interface Asked {
  endpoint: Endpoint;
  method: string;
  url: string;
  /** Whether there is a name and password, or a token, to answer a challenge with. */
  credentials: boolean;
}

/** What an answer that is no success means, in the words that Docker's users know: `manifest unknown: …`, `denied: …`. */
export async function failure(response: Response, asked: Asked): Promise<EngineError> {
  const text = await response.text().catch(() => "");
  const told = codes(text);
  switch (response.status) {
    case 401: return refusal(response, asked, told);
    case 403: return new EngineError("forbidden", told || `denied: ${message(text) || "requested access to the resource is denied"}`);
    case 404: return notFound(told || message(text) || "not found");
    case 429: {
      const limit = response.headers.get("ratelimit-limit");
      return unavailable(`toomanyrequests: ${message(text) || "too many requests"} (${asked.endpoint.domain} limits how often it may be asked${limit ? `: ${limit}` : ""}; log in, wait, or configure a mirror)`);
    }
    default: return unavailable(`received unexpected HTTP status: ${response.status} ${response.statusText}${told || message(text) ? `: ${told || message(text)}` : ""}`);
  }
}

/** A 401: nobody logged in, or who did may not do this (RFC 6750: `insufficient_scope`). */
function refusal(response: Response, asked: Asked, told: string): EngineError {
  const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
  if (challenges.some(({ scheme, parameters }) => scheme === "bearer" && parameters.error === "insufficient_scope")) {
    return new EngineError("forbidden", "denied: requested access to the resource is denied");
  }
  if (!asked.credentials && challenges.some(({ scheme }) => scheme === "basic")) {
    return unauthorized(`${titled(asked.method)} "${asked.url}": no basic auth credentials`);
  }
  return unauthorized(told || "unauthorized: authentication required");
}

/** A request that got no answer. */
export function unreachable(error: unknown, asked: Asked): unknown {
  if (error instanceof EngineError || (error instanceof Error && error.name === "AbortError")) return error;
  const code = codeOf(error);
  const { endpoint } = asked;
  // Nobody is there at all: Docker says so of the first thing it asks.
  const nobody = (why: string) => unavailable(`Get "${endpoint.url}/v2/": ${why}`, error);
  const { hostname, host } = hostOf(endpoint);
  if (/ConnectionRefused|ECONNREFUSED/.test(code)) return nobody(`dial tcp ${host}: connect: connection refused`);
  if (/ENOTFOUND|EAI_AGAIN|DNS/.test(code)) return nobody(`dial tcp: lookup ${hostname}: no such host`);
  // Bun tells the two apart no further.
  if (/EPROTO|WRONG_VERSION|ERR_SSL/.test(code)) return nobody("http: server gave HTTP response to HTTPS client, or one that wants another certificate of the client");
  const reason = /SELF_SIGNED|UNABLE_TO|CERT/i.test(code)
    ? `tls: failed to verify certificate: x509: certificate signed by unknown authority (${code})`
    : error instanceof Error ? error.message : String(error);
  return unavailable(`${titled(asked.method)} "${asked.url}": ${reason}`, error);
}

/** An answer that may be another one later. */
export function isBusy(response: Response): boolean {
  return response.status === 429 || response.status >= 500;
}

/** A connection that broke, or a service that is busy, may work later; a certificate that is wrong stays wrong. */
export function isPassing(error: unknown): boolean {
  // A token service that is busy.
  if (error instanceof EngineError) return error.cause instanceof Response;
  return !/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ConnectionRefused|ECONNREFUSED|ENOTFOUND|ERR_SSL|WRONG_VERSION|EPROTO/i.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Where the connection goes: to the proxy where there is one. */
function hostOf(endpoint: Endpoint): { hostname: string; host: string } {
  const { hostname, port, protocol } = new URL(endpoint.proxy ?? endpoint.url);
  return { hostname, host: `${hostname}:${port || (protocol === "https:" ? 443 : 80)}` };
}

function titled(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

/** The errors of a body in the specification's form, as `code: message`; empty where it has another. */
function codes(text: string): string {
  const { errors } = parse(text);
  if (!Array.isArray(errors)) return "";
  const told = errors.flatMap((each: unknown) => {
    if (typeof each !== "object" || each === null || !("code" in each) || typeof each.code !== "string") return [];
    const code = each.code.toLowerCase().replaceAll("_", " ");
    return [`${code}: ${"message" in each && typeof each.message === "string" && each.message ? each.message : code}`];
  });
  return told.length > 1 ? `errors:\n${told.join("\n")}\n` : (told[0] ?? "");
}

/** A JSON object, or an empty one where the text is none. */
export function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** The words of an error body, in any of the shapes in use. */
export function message(text: string): string {
  const body = parse(text);
  const first: unknown = Array.isArray(body.errors) ? body.errors[0] : undefined;
  if (first && typeof first === "object" && "message" in first && typeof first.message === "string") {
    return "code" in first && typeof first.code === "string" && first.message === "" ? first.code : first.message;
  }
  if (typeof body.details === "string") return body.details;
  if (typeof body.message === "string") return body.message;
  return text.length < 200 && !text.trimStart().startsWith("<") ? text.trim() : "";
}
