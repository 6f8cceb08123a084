import { EngineError, type ErrorKind, forbidden, internal, unavailable } from "../../lib/errors.ts";
import { formatGoDuration } from "../../lib/go-duration.ts";
import { networkWords } from "../../lib/network-words.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Endpoint } from "./endpoints.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What was asked, as errors tell it. */
export interface Asked {
  endpoint: Endpoint;
  method: string;
  url: string;
  /** Whether there is a name and password, or a token, to answer a challenge with. */
  credentials: boolean;
}

/** The codes of the distribution specification that say more than "it went wrong", and what kind of error each is. */
const kinds: Record<string, ErrorKind> = {
  UNAUTHORIZED: "unauthorized",
  DENIED: "forbidden",
  TOOMANYREQUESTS: "too-many-requests",
  UNSUPPORTED: "unsupported",
  UNAVAILABLE: "unavailable",
  NAME_UNKNOWN: "not-found",
  MANIFEST_UNKNOWN: "not-found",
  BLOB_UNKNOWN: "not-found",
  BLOB_UPLOAD_UNKNOWN: "not-found",
  NAME_INVALID: "invalid",
  TAG_INVALID: "invalid",
  DIGEST_INVALID: "invalid",
  SIZE_INVALID: "invalid",
  MANIFEST_INVALID: "invalid",
  MANIFEST_UNVERIFIED: "invalid",
  MANIFEST_BLOB_UNKNOWN: "invalid",
  BLOB_UPLOAD_INVALID: "invalid",
};

/** What a status says where the body names no code: its code, and the words for a body that has none. */
const plain: Record<number, { code: string; words: string }> = {
  401: { code: "UNAUTHORIZED", words: "authentication required" },
  403: { code: "DENIED", words: "requested access to the resource is denied" },
  429: { code: "TOOMANYREQUESTS", words: "too many requests" },
};

/** As much of a body that has no form as an error tells, in characters. */
const longestBody = 1024;

/**
 * What an answer that is no success means, in the words that Docker's users know: `manifest unknown: …`, `denied: …`.
 * Of answers from 400 to 499 the first code in the body decides the kind of the error, whatever the status beside it;
 * all others are `unavailable`. The error's cause is the answer.
 */
export async function failure(response: Response, asked: Asked): Promise<EngineError> {
  const text = await response.text().catch(() => "");
  const { status, statusText } = response;
  const patience = retryAfterMs(response);
  const time = patience ? formatGoDuration(BigInt(Math.ceil(patience / 1000)) * 1_000_000_000n) : "";
  if (status < 400 || status > 499) {
    const told = codesIn(text).map(({ told }) => told)[0] ?? message(text);
    return unavailable(
      `received unexpected HTTP status: ${status} ` +
        `${statusText}${told && `: ${told}`}${time && ` (it asks to be tried again in ${time})`}`,
      response,
    );
  }
  if (status === 401) {
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    // RFC 6750: who logged in may not do this.
    const insufficient = ({ scheme, parameters }: Challenge) =>
      scheme === "bearer" && parameters.error === "insufficient_scope";
    if (challenges.some(insufficient)) return forbidden("denied: requested access to the resource is denied", response);
    if (!asked.credentials && challenges.some(({ scheme }) => scheme === "basic"))
      return internal(`${whatWasAsked(asked)}: no basic auth credentials`, response);
  }
  const { kind, told } = meaning(status, statusText, text);
  if (status !== 429) return new EngineError(kind, told, { cause: response });
  const limit = response.headers.get("ratelimit-limit");
  const advice =
    `${asked.endpoint.domain} limits how often it may be asked${limit ? `: ${limit}` : ""}; log in, ` +
    `wait${time && ` ${time}`}, or configure a mirror`;
  return new EngineError(kind, `${told} (${advice})`, { cause: response });
}

function meaning(status: number, statusText: string, text: string): { kind: ErrorKind; told: string } {
  const found = codesIn(text);
  const [first] = found;
  if (first)
    return {
      kind: first.kind,
      told: found.length > 1 ? `errors:\n${found.map(({ told }) => told).join("\n")}\n` : first.told,
    };
  const { details } = parse(text);
  if (isJson(text) && typeof details !== "string") {
    return {
      kind: "internal",
      told:
        `error parsing HTTP ${status} response body: no error details found in HTTP response body: ` +
        `${JSON.stringify(text.slice(0, longestBody))}`,
    };
  }
  const words = typeof details === "string" ? details : text.trim().slice(0, longestBody);
  const { code, words: usual } = plain[status] ?? { code: "UNKNOWN", words: `${status} ${statusText}` };
  return { kind: kinds[code] ?? "internal", told: `${code.toLowerCase()}: ${words || usual}` };
}

/** "What was asked" at the head of an error: `Get "https://host/v2/"`. */
export function whatWasAsked({ method, url }: Pick<Asked, "method" | "url">): string {
  return `${method.charAt(0)}${method.slice(1).toLowerCase()} "${url}"`;
}

/**
 * An error as the engine answers with it. That a registry cannot be reached, or fails by itself, is an error of 500 as
 * in Docker; its own word that it is unavailable stays 503.
 */
export function answeredAs(error: unknown): unknown {
  const own = statusOf(error);
  const passes = own !== undefined && own >= 400 && own <= 499;
  return error instanceof EngineError && error.kind === "unavailable" && !passes
    ? internal(error.message, error)
    : error;
}

/** The status that a failure of `failure` came by; undefined where there was no answer at all. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof EngineError && error.cause instanceof Response ? error.cause.status : undefined;
}

/** A request that got no answer. */
export function unreachable(error: unknown, asked: Asked): unknown {
  if (error instanceof EngineError || (error instanceof Error && error.name === "AbortError")) return error;
  const code = codeOf(error);
  const { endpoint } = asked;
  const reason =
    networkWords(error, { url: endpoint.proxy ?? endpoint.url }) +
    (/SELF_SIGNED|UNABLE_TO|CERT/i.test(code) ? ` (${code})` : "");
  // Nobody is there at all: Docker says so of the first thing it asks.
  const nobody =
    /ConnectionRefused|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|DNS|EHOSTUNREACH|ENETUNREACH|EPROTO|WRONG_VERSION|ERR_SSL/.test(
      code,
    );
  return unavailable(`${nobody ? `Get "${endpoint.url}/v2/"` : whatWasAsked(asked)}: ${reason}`, error);
}

/** An answer that may be another one later. */
export function isBusy(response: Response): boolean {
  return response.status === 429 || response.status >= 500;
}

/**
 * A connection that broke, or a service that is busy, may work later; a certificate that is wrong stays wrong. Where
 * somebody answered before (`met`), a refused connection means that the service is being restarted.
 */
export function isPassing(error: unknown, met: boolean): boolean {
  // A token service that is busy, or what `unreachable` made of a connection's end.
  if (error instanceof EngineError)
    return error.cause instanceof Response
      ? isBusy(error.cause)
      : error.cause instanceof Error && isPassing(error.cause, met);
  const code = codeOf(error);
  if (/ConnectionRefused|ECONNREFUSED|ENOTFOUND/i.test(code)) return met;
  return !/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|WRONG_VERSION|EPROTO/i.test(code);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** The errors of a body in the specification's form. A code that nobody knows is told as "unknown". */
function codesIn(text: string): { kind: ErrorKind; told: string }[] {
  const { errors } = parse(text);
  if (!Array.isArray(errors)) return [];
  return errors.flatMap((each: unknown) => {
    if (typeof each !== "object" || each === null) return [];
    const code =
      "code" in each && typeof each.code === "string" && Object.hasOwn(kinds, each.code) ? each.code : "UNKNOWN";
    const words = "message" in each && typeof each.message === "string" ? each.message : "";
    return [
      { kind: kinds[code] ?? "internal", told: code.toLowerCase().replaceAll("_", " ") + (words && `: ${words}`) },
    ];
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A JSON object, or an empty one where the text is none. */
function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** The words of an error body, in any of the shapes in use. */
function message(text: string): string {
  const body = parse(text);
  const first: unknown = Array.isArray(body.errors) ? body.errors[0] : undefined;
  if (first && typeof first === "object" && "message" in first && typeof first.message === "string") {
    return "code" in first && typeof first.code === "string" && first.message === "" ? first.code : first.message;
  }
  if (typeof body.details === "string") return body.details;
  if (typeof body.message === "string") return body.message;
  return text.length < 200 && !text.trimStart().startsWith("<") ? text.trim() : "";
}
