import { createHash } from "node:crypto";
import { matchesEtag } from "../http/range.ts";
import type { Call, Handler, Route } from "../http/route.ts";
import { empty } from "./answers.ts";
import {
  deleteImage,
  deleteSession,
  getImage,
  getRepositories,
  getRepository,
  getSession,
  postSession,
} from "./page-api.ts";
import { pageFiles } from "./page-files.ts";

/** Nothing from elsewhere, nothing inline, no framing. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

function asset(content: string, type: string): Handler {
  const etag = createHash("sha256").update(content).digest("base64url");
  const headers = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": policy,
    "Content-Type": `${type}; charset=utf-8`,
    "Cross-Origin-Opener-Policy": "same-origin",
    ETag: `"${etag}"`,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
  };
  return ({ request }: Call) =>
    matchesEtag(request.headers.get("if-none-match"), etag)
      ? empty(304, headers)
      : new Response(request.method === "HEAD" ? null : content, { headers });
}

/** The web page: its files and a small API of its own, behind addresses that no repository can have. */
export function pageRoutes(): Route[] {
  const get = (path: string, handler: Handler): Route => ({
    label: "page",
    pattern: new RegExp(`^${path.replaceAll(".", "\\.")}$`),
    methods: { GET: ["open", handler], HEAD: ["open", handler] },
  });
  return [
    ...pageFiles.map(({ path, type, content }) => get(path, asset(content, type))),
    get("/favicon.ico", () => empty(404)),
    {
      label: "page-api",
      pattern: /^\/-\/api\/session$/,
      methods: { GET: ["open", getSession], POST: ["open", postSession], DELETE: ["open", deleteSession] },
    },
    { label: "page-api", pattern: /^\/-\/api\/repositories$/, methods: { GET: ["open", getRepositories] } },
    { label: "page-api", pattern: /^\/-\/api\/repository$/, methods: { GET: ["open", getRepository] } },
    {
      label: "page-api",
      pattern: /^\/-\/api\/image$/,
      methods: { GET: ["open", getImage], DELETE: ["open", deleteImage] },
    },
  ];
}
