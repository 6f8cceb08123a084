import { errorMessage, forbidden, internal } from "../../lib/errors.ts";
import { textOf, truthOf } from "../../plugin/answer.ts";
import type { Plugin } from "../../plugin/plugin.ts";
import type { Plugins, Wait } from "../../plugin/plugins.ts";
import type { Reply } from "../http/reply.ts";
import type { HttpRequest } from "../http/serve.ts";
import { mediaTypeOf } from "../schema/body.ts";
import { canonical, headersOf } from "./headers.ts";

/** Bytes of a request's body that plugins are shown; one with more is refused. */
const longestBody = 4 << 20;
/** Milliseconds for a plugin to decide; then the answer is no. */
const limit = 120_000;

/**
 * The plugins that must allow every request and every answer, in this order. Throws where one is not there or is
 * something else.
 */
export async function authorizationPlugins(
  plugins: Plugins,
  names: readonly string[],
  wait?: Wait,
): Promise<readonly Plugin[]> {
  return await Promise.all([...new Set(names)].map((name) => plugins.get(name, "authz", wait)));
}

/** What plugins are told of a request. Fields without content are left out. */
interface Question {
  User?: string;
  UserAuthNMethod?: string;
  RequestMethod: string;
  RequestUri: string;
  RequestBody?: string;
  RequestHeaders: Record<string, string>;
  RequestPeerCertificates?: string[];
  ResponseStatusCode?: number;
  ResponseBody?: string;
  ResponseHeaders?: Record<string, string>;
}

/** One request on its way past the plugins. */
export interface Authorized {
  /** The answer, once all allow it; a stream or a connection that is taken over is told of when it has ended. */
  answer(reply: Reply): Promise<Reply>;
  /** Tells that the request ended with an error, of which plugins see neither status nor words. */
  failed(): Promise<void>;
}

/** Asks all plugins whether a request may be; the first that denies ends it. Throws Docker's words. */
export async function authorize(
  plugins: readonly Plugin[],
  { head, body, client }: HttpRequest,
  path: string,
): Promise<Authorized> {
  const secret = head.method === "POST" && path === "/auth";
  // What a verb would read a plugin must see: by the same rule.
  const isJson = mediaTypeOf(head.headers.get("content-type") ?? "") === "application/json";
  const shown = isJson && !secret ? await peek(body) : null;
  const question: Question = {
    ...(client && { User: client.commonName, UserAuthNMethod: "TLS" }),
    RequestMethod: head.method,
    RequestUri: head.target,
    ...(shown && shown.length > 0 && { RequestBody: Buffer.from(shown).toString("base64") }),
    RequestHeaders: headersOf(head),
    ...(client && { RequestPeerCertificates: [Buffer.from(client.pem).toString("base64")] }),
  };
  await askAll(plugins, "AuthZReq", question);
  const ask = (told: Partial<Question>) => askAll(plugins, "AuthZRes", { ...question, ...told });
  return {
    answer: async (reply) => await allowed(reply, secret, ask),
    failed: () => ask({}),
  };
}

async function peek(body: HttpRequest["body"]): Promise<Uint8Array> {
  const bytes = await body.peek(longestBody);
  if (bytes) return bytes;
  throw internal(`request body too large for authorization plugin: size exceeds ${longestBody} bytes`);
}

async function allowed(reply: Reply, secret: boolean, ask: (told: Partial<Question>) => Promise<void>): Promise<Reply> {
  const headers = { ResponseHeaders: canonical(reply.headers ?? {}) };
  const { body, takeOver } = reply;
  if (takeOver) {
    const after = async (stream: Parameters<typeof takeOver>[0]) => {
      await takeOver(stream);
      // Too late to deny anything.
      await ask(headers).catch(() => {});
    };
    return { ...reply, takeOver: after };
  }
  if (body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array))
    return { ...reply, body: then(body, () => ask({})) };
  await ask({
    // What is no answer in JSON has not set one when plugins are asked.
    ...((body === undefined || isJsonReply(reply)) && { ResponseStatusCode: reply.status }),
    ...(body && body.length > 0 && !secret && { ResponseBody: Buffer.from(body).toString("base64") }),
    ...headers,
  });
  return reply;
}

const isJsonReply = ({ headers }: Reply): boolean => headers?.["Content-Type"]?.startsWith("application/json") ?? false;

async function* then<T>(body: AsyncIterable<T>, end: () => Promise<void>): AsyncGenerator<T> {
  try {
    yield* body;
  } finally {
    await end().catch(() => {});
  }
}

async function askAll(plugins: readonly Plugin[], verb: "AuthZReq" | "AuthZRes", question: Question): Promise<void> {
  for (const plugin of plugins) {
    let answer: unknown;
    let allow: boolean;
    try {
      answer = await plugin.call(`AuthZPlugin.${verb}`, question, { limit });
      allow = truthOf(answer, "Allow");
    } catch (cause) {
      throw internal(`plugin ${plugin.name} failed with error: ${errorMessage(cause)}`, cause);
    }
    if (!allow) throw forbidden(`authorization denied by plugin ${plugin.name}: ${textOf(answer, "Msg")}`);
  }
}
