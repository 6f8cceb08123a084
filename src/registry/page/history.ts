import type { Descriptor, HistoryEntry } from "../../oci/image.ts";

/** One step of an image's history, as the page shows it. */
export interface HistoryLine {
  /** As a Dockerfile would say it. */
  command: string;
  created?: string;
  comment?: string;
  /** The layer that the step made; undefined: it only changed the configuration. */
  layer?: { digest: string; size: number };
}

/** An image's history, oldest first, in the words of a Dockerfile, each step with its layer. */
export function describeHistory(history: readonly HistoryEntry[], layers: readonly Descriptor[]): HistoryLine[] {
  const rest = [...layers];
  const lines = history.map((entry): HistoryLine => {
    const layer = entry.empty_layer ? undefined : rest.shift();
    return {
      command: dockerfileLine(entry.created_by ?? ""),
      ...(entry.created && { created: entry.created }),
      ...(entry.comment && { comment: entry.comment }),
      ...(layer && { layer: { digest: layer.digest, size: layer.size } }),
    };
  });
  // Images without a history (or with a wrong one) still have layers.
  return [...lines, ...rest.map(({ digest, size }) => ({ command: "", layer: { digest, size } }))];
}

/**
 * `/bin/sh -c #(nop) CMD ["sh"]` → `CMD ["sh"]`; `RUN /bin/sh -c make # buildkit` → `RUN make`; `EXPOSE map[80/tcp:{}]`
 * → `EXPOSE 80/tcp`.
 */
export function dockerfileLine(createdBy: string): string {
  const line = withoutShell(createdBy);
  // Builders print these two as they keep them.
  const kept = /^(EXPOSE map|VOLUME )\[([^"\]]*)\]$/.exec(line);
  return kept ? `${kept[1]?.startsWith("EXPOSE") ? "EXPOSE" : "VOLUME"} ${kept[2]?.replaceAll(":{}", "")}` : line;
}

function withoutShell(createdBy: string): string {
  const text = createdBy.replace(/\s*# buildkit\s*$/, "").trim();
  const configuration = /^(?:\|\d+ .*? )?\/bin\/sh -c #\(nop\)\s+([\s\S]*)$/.exec(text);
  if (configuration?.[1] !== undefined)
    return configuration[1].replace(/^(ADD|COPY) (?:file|dir|multi):\S+ in /, "$1 … ");
  const run = /^(?:RUN )?(?:\|\d+ [\s\S]*? )?\/bin\/(?:ba|a)?sh -c ([\s\S]*)$/.exec(text);
  if (run?.[1] !== undefined) return `RUN ${run[1].trim()}`;
  return text;
}
