import type { RegistryError } from "../errors.ts";

/** The whole of a small body. Throws `tooLarge()` once it exceeds `limit`, without reading on. */
export async function readBody(request: Request, limit: number, tooLarge: () => RegistryError): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}
