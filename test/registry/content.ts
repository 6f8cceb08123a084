import { mediaTypes } from "../../src/oci/media-types.ts";
import type { RegistryProcess } from "./process.ts";

export interface Blob {
  content: Uint8Array;
  digest: string;
  size: number;
}

export function digestOf(content: Uint8Array | string, algorithm: "sha256" | "sha512" = "sha256"): string {
  return `${algorithm}:${new Bun.CryptoHasher(algorithm).update(content).digest("hex")}`;
}

export function blobOf(content: string | Uint8Array): Blob {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { content: bytes, digest: digestOf(bytes), size: bytes.length };
}

export function randomBlob(size: number): Blob {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65536)));
  return blobOf(bytes);
}

/** Pushes a blob in one request. */
export async function pushBlob(
  registry: RegistryProcess,
  name: string,
  blob: Blob,
  headers: Record<string, string> = {},
): Promise<void> {
  const response = await registry.fetch(`/v2/${name}/blobs/uploads/?digest=${blob.digest}`, {
    method: "POST",
    body: blob.content,
    headers,
  });
  if (response.status !== 201) throw new Error(`push of a blob: ${response.status} ${await response.text()}`);
}

export interface PushedImage {
  manifest: Blob;
  config: Blob;
  layers: Blob[];
}

export interface ImageOptions {
  layers?: Blob[];
  config?: string;
  extra?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** Pushes a small OCI image of random content under `reference`: a tag, or "" for its digest alone. */
export async function pushImage(
  registry: RegistryProcess,
  name: string,
  reference: string,
  options: ImageOptions = {},
): Promise<PushedImage> {
  const layers = options.layers ?? [randomBlob(2000)];
  const config = blobOf(
    options.config ??
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        rootfs: { type: "layers", diff_ids: [] },
        created: new Date().toISOString(),
        nonce: Math.random(),
      }),
  );
  for (const blob of [config, ...layers]) await pushBlob(registry, name, blob, options.headers);
  const manifest = blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: config.digest, size: config.size },
      layers: layers.map(({ digest, size }) => ({ mediaType: mediaTypes.ociLayerGzip, digest, size })),
      ...options.extra,
    }),
  );
  const response = await putManifest(
    registry,
    name,
    reference || manifest.digest,
    manifest,
    mediaTypes.ociManifest,
    options.headers,
  );
  if (response.status !== 201) throw new Error(`push of a manifest: ${response.status} ${await response.text()}`);
  return { manifest, config, layers };
}

export function putManifest(
  registry: RegistryProcess,
  name: string,
  reference: string,
  manifest: Blob | string,
  type: string = mediaTypes.ociManifest,
  headers: Record<string, string> = {},
): Promise<Response> {
  return registry.fetch(`/v2/${name}/manifests/${reference}`, {
    method: "PUT",
    body: typeof manifest === "string" ? manifest : manifest.content,
    headers: { "Content-Type": type, ...headers },
  });
}

/** The codes of an error answer. */
export async function codes(response: Response): Promise<string[]> {
  const body: unknown = await response.json();
  if (typeof body !== "object" || body === null || !("errors" in body) || !Array.isArray(body.errors)) return [];
  return body.errors.map((error: { code: string }) => error.code);
}
