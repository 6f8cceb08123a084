/** What an engine says at the end of a build. */
export interface Built {
  /** Of the image, or digest of the index of several; empty where the engine tells none. */
  id: string;
  /** By platform (`linux/arm64`); Docker's engines do not tell. */
  images: { id: string; platform: string }[];
  /** Digests of exported caches that the engine holds ready. */
  caches: string[];
  /** Of the manifest or index, where one was made. */
  descriptor?: { mediaType: string; digest: string; size: number };
}

export const nothingBuilt: Built = { id: "", images: [], caches: [] };

/** Reads the message in which the engine tells it; undefined for others. */
export function readBuilt(aux: unknown): Built | undefined {
  if (!isObject(aux) || typeof aux["ID"] !== "string") return undefined;
  const images = Array.isArray(aux["Images"])
    ? aux["Images"].filter(isObject).map((each) => ({ id: String(each["ID"]), platform: String(each["Platform"]) }))
    : [];
  const { Descriptor: found } = aux;
  return {
    id: aux["ID"],
    images,
    caches: Array.isArray(aux["Caches"]) ? aux["Caches"].map(String) : [],
    ...(isObject(found) && {
      descriptor: {
        mediaType: String(found["mediaType"]),
        digest: String(found["digest"]),
        size: Number(found["size"]),
      },
    }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
