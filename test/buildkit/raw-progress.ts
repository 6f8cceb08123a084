/** An object of `--progress=rawjson`. */
export interface Raw {
  vertexes?: {
    digest: string;
    name: string;
    inputs?: string[];
    started?: string;
    completed?: string;
    cached?: boolean;
  }[];
  statuses?: { id: string; vertex: string; current: number; started: string; completed?: string }[];
  logs?: { vertex: string; stream: number; data: string; timestamp: string }[];
}

/** Each object of the stream; releases differ in whether it is one line or several. */
export function rawLines(text: string): Raw[] {
  return text
    .trim()
    .split(/\n(?={)/)
    .map((object) => JSON.parse(object));
}

/** A vertex as a client is told of it. */
export interface RawVertex {
  /** All that it was called, one after the other. */
  names: string[];
  cached: boolean;
  logs: string;
  inputs: string[];
}

/** The vertices of a build by `--progress=rawjson`, in the order in which they were told of first. */
export function rawVertices(text: string): RawVertex[] {
  const found = new Map<string, RawVertex>();
  for (const { vertexes = [], logs = [] } of rawLines(text)) {
    for (const { digest, name, cached, inputs = [] } of vertexes) {
      const vertex = found.get(digest) ?? { names: [], cached: false, logs: "", inputs };
      found.set(digest, vertex);
      const plain = name.replaceAll(/@sha256:[0-9a-f]{64}/g, "");
      if (vertex.names.at(-1) !== plain) vertex.names.push(plain);
      vertex.cached ||= cached === true;
    }
    for (const { vertex, data } of logs) {
      const told = found.get(vertex);
      if (told) told.logs += atob(data);
    }
  }
  return [...found.values()];
}
