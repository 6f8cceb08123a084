import { join } from "node:path";

/**
 * What the registry keeps on disk, whole:
 *
 *     <data>/
 *       registry.db          names, tags, manifests, who links what (SQLite, WAL, synchronous=FULL). The running
 *                            server holds it locked, so that no second one can start on the same directory.
 *       blobs/
 *         sha256/ab/<hex>    one file for each content, whoever names it; written under uploads/, synced, renamed here
 *         sha512/ab/<hex>
 *  uploads/<id> bytes of unfinished uploads and of fetches from upstream; the size is the offset to resume at
 *       keys/token.pem       the key that signs tokens and the web page's sessions, made at first start (mode 0600)
 *
 * With object storage, `blobs/` lives in the bucket and the rest stays here.
 */
export interface Paths {
  data: string;
  database: string;
  blobs: string;
  uploads: string;
  keys: string;
  upload(id: string): string;
}

/** Where everything lies below the data folder. Nothing is made. */
export function registryPaths(data: string): Paths {
  const uploads = join(data, "uploads");
  return {
    data,
    database: join(data, "registry.db"),
    blobs: join(data, "blobs"),
    uploads,
    keys: join(data, "keys"),
    upload: (id) => join(uploads, id),
  };
}
