/** The little of the distribution API that `manifest` commands need, spoken by the client itself as docker does. */
import { errorMessage } from "../../lib/errors.ts";
import { networkWords } from "../../lib/network-words.ts";
import { decodeJson } from "../../lib/parse-json.ts";
import type { Credentials } from "../auth/helper.ts";
import { CliError } from "../errors.ts";
import { fullString, type Reference } from "../reference.ts";
import type { Descriptor, Manifest, Platform, StoredManifest } from "./store.ts";

export const listType = "application/vnd.docker.distribution.manifest.list.v2+json";
const schema2 = "application/vnd.docker.distribution.manifest.v2+json";
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const ociIndex = "application/vnd.oci.image.index.v1+json";

export interface Fetched {
  mediaType: string;
  bytes: Uint8Array;
  digest: string;
}

export class RegistryClient {
  readonly #tokens = new Map<string, string>();
  #scheme: string | undefined;

  /** `credentials` gives what is stored for a registry's domain. */
  constructor(
    private readonly insecure: boolean,
    private readonly credentials: (domain: string) => Promise<Credentials>,
  ) {}

  /** A manifest or list by tag or digest; null where the registry has none. */
  async fetchManifest(reference: Reference): Promise<Fetched | null> {
    const at = reference.digest ?? reference.tag ?? "latest";
    const response = await this.#request(reference, "pull", `manifests/${at}`, {
      headers: { Accept: [schema2, ociManifest, listType, ociIndex].join(", ") },
    });
    if (response.status === 404) return null;
    await expect(response, 200);
    const bytes = await response.bytes();
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
    if (reference.digest?.startsWith("sha256:") && reference.digest !== digest)
      throw new CliError(`manifest verification failed for digest ${reference.digest}`);
    return { mediaType: response.headers.get("content-type")?.split(";")[0] ?? schema2, bytes, digest };
  }

  /** The single manifest behind a name, with the platform that its configuration names. */
  async getManifest(reference: Reference): Promise<StoredManifest> {
    const fetched = await this.fetchManifest(reference);
    if (!fetched) throw new CliError(`no such manifest: ${fullString(reference)}`);
    if (isList(fetched.mediaType)) throw new CliError(`${fullString(reference)} is a manifest list`);
    return this.#toStored(reference, fetched, undefined);
  }

  /** Every manifest of a list, with the platforms that the list gives them. */
  async getList(reference: Reference, { bytes }: Fetched): Promise<StoredManifest[]> {
    const list: { manifests?: Descriptor[] } = decodeJson(Buffer.from(bytes).toString());
    const found: StoredManifest[] = [];
    for (const { digest, platform } of list.manifests ?? []) {
      const one = { ...reference, digest };
      const fetched = await this.fetchManifest(one);
      if (!fetched) throw new CliError(`no such manifest: ${fullString(one)}`);
      found.push(await this.#toStored(one, fetched, platform));
    }
    return found;
  }

  async #toStored(
    reference: Reference,
    { mediaType, bytes, digest }: Fetched,
    platform: Platform | undefined,
  ): Promise<StoredManifest> {
    const manifest: Manifest = decodeJson(Buffer.from(bytes).toString());
    const own = platform ?? (await this.#platformOf(reference, manifest));
    return {
      Ref: fullString(reference),
      Descriptor: { mediaType, digest, size: bytes.length, ...(own && { platform: own }) },
      Raw: Buffer.from(bytes).toString("base64"),
      ...(mediaType === ociManifest ? { OCIManifest: manifest } : { SchemaV2Manifest: manifest }),
    };
  }

  async #platformOf(reference: Reference, { config }: Manifest): Promise<Platform | undefined> {
    if (!config) return undefined;
    const response = await this.#request(reference, "pull", `blobs/${config.digest}`);
    await expect(response, 200);
    const image: {
      architecture?: string;
      os?: string;
      variant?: string;
      "os.version"?: string;
      "os.features"?: string[];
    } = decodeJson(await response.text());
    if (!image.os || !image.architecture) return undefined;
    return {
      architecture: image.architecture,
      os: image.os,
      ...(image["os.version"] && { "os.version": image["os.version"] }),
      ...(image["os.features"] && { "os.features": image["os.features"] }),
      ...(image.variant && { variant: image.variant }),
    };
  }

  /** Puts a manifest or list under a tag or digest; returns its digest as the registry gives it. */
  async putManifest(reference: Reference, mediaType: string, bytes: Uint8Array): Promise<string> {
    const at = reference.digest ?? reference.tag ?? "latest";
    const response = await this.#request(reference, "pull,push", `manifests/${at}`, {
      method: "PUT",
      headers: { "Content-Type": mediaType },
      body: bytes,
    });
    await expect(response, 201);
    return (
      response.headers.get("docker-content-digest") ??
      `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`
    );
  }

  /** Makes a blob of one repository known in another of the same registry. */
  async mountBlob(to: Reference, from: Reference, digest: string): Promise<void> {
    const response = await this.#request(
      to,
      "pull,push",
      `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from.path)}`,
      { method: "POST" },
      from,
    );
    if (response.status === 201) return;
    const upload = response.headers.get("location");
    // The registry began an upload instead: it will not mount. Take that back.
    if (response.status === 202 && upload)
      await fetch(new URL(upload, response.url), { method: "DELETE" }).catch(() => {});
    throw new CliError(`error mounting ${from.domain}/${from.path}@${digest} to ${fullString(to)}`);
  }

  async #request(
    reference: Reference,
    actions: string,
    path: string,
    init: RequestInit & { headers?: Record<string, string> } = {},
    also?: Reference,
  ): Promise<Response> {
    const host = reference.domain === "docker.io" ? "registry-1.docker.io" : reference.domain;
    const scopes = [`repository:${reference.path}:${actions}`, ...(also ? [`repository:${also.path}:pull`] : [])];
    const key = scopes.join(" ");
    const send = (authorization: string | undefined) =>
      this.#fetch(host, `/v2/${reference.path}/${path}`, {
        ...init,
        headers: { ...init.headers, ...(authorization && { Authorization: authorization }) },
      });
    let response = await send(this.#tokens.get(key));
    if (response.status !== 401) return response;
    const authorization = await this.#authorize(
      response.headers.get("www-authenticate") ?? "",
      reference.domain,
      scopes,
    );
    if (authorization) {
      this.#tokens.set(key, authorization);
      response = await send(authorization);
    }
    return response;
  }

  /** HTTPS; with `--insecure` certificates are not checked and plain HTTP is tried where there is no TLS. */
  async #fetch(host: string, path: string, init: RequestInit): Promise<Response> {
    const local = /^(localhost|127\.|\[::1\])/.test(host);
    const schemes = this.#scheme ? [this.#scheme] : this.insecure || local ? ["https", "http"] : ["https"];
    let failure: unknown;
    for (const scheme of schemes) {
      try {
        const response = await fetch(`${scheme}://${host}${path}`, {
          ...init,
          ...(this.insecure && { tls: { rejectUnauthorized: false } }),
        });
        this.#scheme = scheme;
        return response;
      } catch (error) {
        failure = error;
      }
    }
    throw new CliError(
      `Get "${schemes[0]}://${host}${path}": ${networkWords(failure, { url: `${schemes[0]}://${host}` })}`,
    );
  }

  /** The header that answers a challenge; undefined where there is nothing to answer with. */
  async #authorize(challenge: string, domain: string, scopes: readonly string[]): Promise<string | undefined> {
    const { username = "", password = "", identitytoken } = await this.credentials(domain);
    const basic = username !== "" ? `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` : undefined;
    if (/^basic/i.test(challenge)) return basic;
    if (!/^bearer/i.test(challenge)) return undefined;
    const part = (name: string) => new RegExp(`${name}="([^"]*)"`, "i").exec(challenge)?.[1];
    const realm = part("realm");
    if (!realm || !URL.canParse(realm)) return undefined;
    const url = new URL(realm);
    const service = part("service");
    let answer: Response;
    if (identitytoken) {
      const form = new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: identitytoken,
        client_id: "berth",
        service: service ?? "",
        scope: scopes.join(" "),
      });
      answer = await ask(url, { method: "POST", body: form });
    } else {
      if (service) url.searchParams.set("service", service);
      for (const scope of scopes) url.searchParams.append("scope", scope);
      answer = await ask(url, { headers: basic ? { Authorization: basic } : {} });
    }
    await expect(answer, 200);
    const { token, access_token }: { token?: string; access_token?: string } = tokenAnswer(await answer.text());
    const found = token || access_token;
    if (!found) throw new CliError("authorization server did not include a token in the response");
    return `Bearer ${found}`;
  }
}

async function ask(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw new CliError(
      `${init.method === "POST" ? "Post" : "Get"} "${url}": ${networkWords(error, { url: url.href })}`,
    );
  }
}

function tokenAnswer(text: string): { token?: string; access_token?: string } {
  try {
    return decodeJson(text);
  } catch (error) {
    throw new CliError(`unable to decode token response: ${errorMessage(error)}`);
  }
}

export function isList(mediaType: string): boolean {
  return mediaType === listType || mediaType === ociIndex;
}

async function expect(response: Response, status: number): Promise<void> {
  if (response.status === status) return;
  const text = (await response.text()).trim();
  let said = text;
  try {
    const { errors }: { errors?: { code?: string; message?: string }[] } = JSON.parse(text);
    const [first] = errors ?? [];
    if (first) said = `${(first.code ?? "").toLowerCase().replaceAll("_", " ")}: ${first.message ?? ""}`;
  } catch {
    // Not every server in the way speaks the registry's JSON.
  }
  throw new CliError(said === "" ? `${response.url}: unexpected status ${response.status}` : said);
}
