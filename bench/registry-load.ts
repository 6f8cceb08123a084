/**
 * The load of bench/registry.ts, in a process of its own: `push` or `pull` so many blobs of so many bytes by so many
 * clients at once. Blobs are derived from a seed, so that a later pull knows what an earlier push stored. Prints
 * `{seconds, bytes}`; preparing is not counted.
 */
const [action = "", url = "", clientsText = "", blobsText = "", sizeText = "", seed = ""] = process.argv.slice(2);
const clients = Number(clientsText);
const blobs = Number(blobsText);
const size = Number(sizeText);

const base = new Uint8Array(size);
for (let at = 0; at < size; at += 65536) crypto.getRandomValues(base.subarray(at, Math.min(size, at + 65536)));
// The same bytes in every process of the seed.
const stream = new Bun.CryptoHasher("sha256").update(seed).digest();
for (let at = 0; at < size; at++) base[at] = (stream[at % 32] ?? 0) ^ ((at * 2654435761) >>> 24);

/** Blob number `index`: its number in the first bytes, the rest the same. */
function blob(index: number): { content: Uint8Array<ArrayBuffer>; digest: string } {
  const content = new Uint8Array(base);
  new DataView(content.buffer).setUint32(0, index);
  return { content, digest: `sha256:${new Bun.CryptoHasher("sha256").update(content).digest("hex")}` };
}

async function expectStatus(response: Response, status: number): Promise<Response> {
  if (response.status !== status) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  return response;
}

/** As Docker does it: POST, one streamed PATCH, PUT. */
async function push(
  name: string,
  { content, digest }: { content: Uint8Array<ArrayBuffer>; digest: string },
): Promise<void> {
  const begun = await expectStatus(await fetch(`${url}/v2/${name}/blobs/uploads/`, { method: "POST" }), 202);
  const patched = await expectStatus(
    await fetch(new URL(begun.headers.get("location") ?? "", url), {
      method: "PATCH",
      body: content,
      headers: { "Content-Type": "application/octet-stream" },
    }),
    202,
  );
  const end = new URL(patched.headers.get("location") ?? "", url);
  end.searchParams.set("digest", digest);
  await expectStatus(await fetch(end, { method: "PUT" }), 201);
}

async function pull(name: string, digest: string): Promise<void> {
  const response = await expectStatus(await fetch(`${url}/v2/${name}/blobs/${digest}`), 200);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += chunk.length;
  if (bytes !== size) throw new Error(`${bytes} of ${size} bytes came`);
}

const prepared = Array.from({ length: blobs }, (_, index) =>
  action === "push" ? blob(index) : { content: new Uint8Array(), digest: blob(index).digest },
);
let next = 0;
const began = performance.now();
await Promise.all(
  Array.from({ length: clients }, async () => {
    while (next < blobs) {
      const index = next++;
      const it = prepared[index];
      if (!it) return;
      const name = `bench/${seed}/r${index % 4}`;
      await (action === "push" ? push(name, it) : pull(name, it.digest));
    }
  }),
);
console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, bytes: blobs * size }));
