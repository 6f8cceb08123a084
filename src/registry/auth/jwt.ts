import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseJson } from "../../lib/parse-json.ts";
import type { Scope } from "./authority.ts";

/** What the registry reads of a token. Times in seconds since the epoch. */
export interface Claims {
  iss: string;
  sub: string;
  aud: string | string[];
  exp: number;
  nbf?: number;
  iat?: number;
  jti?: string;
  access?: Scope[];
  /** Of refresh tokens and sessions: the password that they were given for (htpasswd.ts). */
  fingerprint?: string;
}

/** A clock may be wrong by so much, seconds. */
const leeway = 60;

interface VerifyKey {
  id: string;
  algorithm: "ES256" | "RS256";
  key: KeyObject;
}

/** The public keys that tokens are verified with, and perhaps a private one that signs new ones. */
export class TokenKeys {
  readonly #verify: VerifyKey[];

  private constructor(
    verifyKeys: VerifyKey[],
    private readonly signer?: VerifyKey & { secret: KeyObject },
  ) {
    this.#verify = verifyKeys;
  }

  /** The registry's own key: ES256, or RS256 where an RSA key was put in its place. Made on first use. */
  static own(file: string): TokenKeys {
    if (!existsSync(file)) {
      const { privateKey } = generateKeyPairSync("ec", {
        namedCurve: "P-256",
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
      });
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, privateKey, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
    chmodSync(file, 0o600);
    const secret = createPrivateKey(readFileSync(file));
    const own = describe(createPublicKey(secret));
    return new TokenKeys([own], { ...own, secret });
  }

  /** Public keys or certificates (PEM, several behind each other) of a token service elsewhere. */
  static of(pem: string): TokenKeys {
    const blocks =
      pem.match(/-----BEGIN (?:CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY)-----[\s\S]+?-----END [A-Z ]+-----/g) ?? [];
    if (blocks.length === 0) throw new Error("no public key or certificate (PEM) in it");
    return new TokenKeys(blocks.map((block) => describe(createPublicKey(block))));
  }

  issue(claims: Omit<Claims, "iat" | "nbf" | "jti" | "exp">, lifetimeMs: number, now: number): string {
    if (!this.signer) throw new Error("these keys only verify");
    const { algorithm, id, secret } = this.signer;
    const seconds = Math.floor(now / 1000);
    const whole: Claims = {
      ...claims,
      iat: seconds,
      nbf: seconds - 10,
      exp: seconds + Math.floor(lifetimeMs / 1000),
      jti: randomUUID(),
    };
    const text = `${encode({ typ: "JWT", alg: algorithm, kid: id })}.${encode(whole)}`;
    return `${text}.${sign("sha256", Buffer.from(text), keyInput(algorithm, secret)).toString("base64url")}`;
  }

  /** The claims of a genuine, current token for this issuer and audience; undefined for every other. */
  verify(token: string, issuer: string, audience: string, now: number): Claims | undefined {
    const [head = "", body = "", signature = "", ...rest] = token.split(".");
    if (rest.length > 0 || token.length > 64 * 1024) return undefined;
    const header = decode(head);
    // The key decides on the algorithm; what the token says must agree, and "none" never does.
    const genuine = this.#verify.some(
      ({ id, algorithm, key }) =>
        header?.["alg"] === algorithm &&
        (typeof header["kid"] !== "string" || header["kid"] === id || this.signer === undefined) &&
        verify("sha256", Buffer.from(`${head}.${body}`), keyInput(algorithm, key), Buffer.from(signature, "base64url")),
    );
    const claims = decode(body);
    if (!genuine || !isClaims(claims)) return undefined;
    const seconds = now / 1000;
    const current = claims.exp > seconds - leeway && (claims.nbf ?? 0) < seconds + leeway;
    const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
    return current && claims.iss === issuer && audiences.includes(audience) ? claims : undefined;
  }
}

function describe(key: KeyObject): VerifyKey {
  const type = key.asymmetricKeyType;
  if (type === "ec" && key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw new Error("of elliptic curves only P-256 is supported");
  if (type !== "ec" && type !== "rsa") throw new Error(`${type} keys are not supported: P-256 or RSA`);
  const id = createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("base64url");
  return { id, algorithm: type === "ec" ? "ES256" : "RS256", key };
}

function keyInput(algorithm: "ES256" | "RS256", key: KeyObject) {
  return algorithm === "ES256" ? { key, dsaEncoding: "ieee-p1363" as const } : { key };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parseJson(Buffer.from(text, "base64url").toString());
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function isClaims(value: unknown): value is Claims {
  if (typeof value !== "object" || value === null) return false;
  const claims: Record<string, unknown> = { ...value };
  const texts = (list: unknown) => Array.isArray(list) && list.every((entry) => typeof entry === "string");
  return (
    typeof claims["iss"] === "string" &&
    typeof claims["sub"] === "string" &&
    typeof claims["exp"] === "number" &&
    (typeof claims["aud"] === "string" || texts(claims["aud"])) &&
    (claims["nbf"] === undefined || typeof claims["nbf"] === "number") &&
    (claims["fingerprint"] === undefined || typeof claims["fingerprint"] === "string") &&
    (claims["access"] === undefined || (Array.isArray(claims["access"]) && claims["access"].every(isScope)))
  );
}

function isScope(value: unknown): value is Scope {
  if (typeof value !== "object" || value === null) return false;
  return (
    "type" in value &&
    typeof value.type === "string" &&
    "name" in value &&
    typeof value.name === "string" &&
    "actions" in value &&
    Array.isArray(value.actions) &&
    value.actions.every((action) => typeof action === "string")
  );
}
