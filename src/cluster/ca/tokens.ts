import { createHash, timingSafeEqual } from "node:crypto";
import { internal } from "../../lib/errors.ts";
import { newClusterId } from "../model/objects.ts";
import { rootDigest } from "./root.ts";

/** A token to join with: its secret says as what, its digest which root the cluster has. */
export function newJoinToken(rootCert: string): string {
  return `SWMTKN-1-${rootDigest(rootCert)}-${newClusterId()}`;
}

/** The part of a join token that tells the root ({@link rootDigest}). Throws where the token is malformed. */
export function digestInToken(token: string): string {
  const [, digest] = /^SWMTKN-1-([0-9a-z]{50})-[0-9a-z]{25}$/.exec(token) ?? [];
  if (digest === undefined) throw internal("invalid join token");
  return digest;
}

/** A key that unlocks managers: 32 random bytes. */
export function newUnlockKey(): string {
  return `SWMKEY-1-${Buffer.from(crypto.getRandomValues(new Uint8Array(32)))
    .toString("base64")
    .replace(/=+$/, "")}`;
}

/** The bytes of an unlock key; null: it is none. */
export function unlockKeyBytes(key: string): Buffer | null {
  const [, text] = /^SWMKEY-1-([A-Za-z0-9+/]{43})$/.exec(key) ?? [];
  return text === undefined ? null : Buffer.from(text, "base64");
}

/** Whether two secrets are the same, in a time that tells nothing of them. */
export function sameSecret(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
