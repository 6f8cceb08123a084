import { open, rm } from "node:fs/promises";
import { fileError } from "../../files.ts";

/** The file of `--cidfile`: made at once, so that two runs cannot share it, and removed again if it stays empty. */
export async function openIdFile(path: string): Promise<AsyncDisposable & { write(id: string): Promise<void> }> {
  if (await Bun.file(path).exists()) {
    throw new Error(`container ID file found, make sure the other container isn't running or delete ${path}`);
  }
  const file = await open(path, "wx").catch((error: unknown) => {
    throw new Error(`failed to create the container ID file: ${fileError("open", path, error).message}`);
  });
  let written = false;
  return {
    async write(id) {
      await file.writeFile(id);
      written = true;
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      if (!written) await rm(path, { force: true });
    },
  };
}
