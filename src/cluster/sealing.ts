import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** A text that only a key opens: AES-256-GCM, in base64. */
export interface Sealed {
  iv: string;
  tag: string;
  data: string;
}

/** Seals with a key of 32 bytes. `what` is to be said again by whoever opens it: so nothing passes for another. */
export function seal(text: string, key: Buffer, what = ""): Sealed {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(what));
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return { iv: iv.toString("base64"), tag: cipher.getAuthTag().toString("base64"), data: data.toString("base64") };
}

/** Opens what {@link seal} has made. Throws where the key is another, or it was made of something else. */
export function unseal({ iv, tag, data }: Sealed, key: Buffer, what = ""): string {
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(iv, "base64"), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(what));
  decipher.setAuthTag(Buffer.from(tag, "base64"));
  return Buffer.concat([decipher.update(Buffer.from(data, "base64")), decipher.final()]).toString("utf8");
}
