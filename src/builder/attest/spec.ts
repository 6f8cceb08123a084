import { invalid } from "../../lib/errors.ts";

/** Versions of SLSA's predicate of provenance. */
export type ProvenanceVersion = "v0.2" | "v1";

/** Which attestations a build makes. */
export interface AttestRequest {
  sbom: boolean;
  provenance: { mode: "min" | "max"; version: ProvenanceVersion } | undefined;
}

/**
 * Reads `type=sbom` and `type=provenance,mode=max,version=v1` (`--attest`); the last of a type counts, `disabled=true`
 * takes it back. `version`: where none is asked for. Throws `invalid`.
 */
export function parseAttests(list: readonly string[], version: ProvenanceVersion): AttestRequest {
  const asked: AttestRequest = { sbom: false, provenance: undefined };
  for (const text of list) {
    const fields = new Map(
      text.split(",").map((field) => {
        const at = field.indexOf("=");
        return at < 0 ? ([field, "true"] as const) : ([field.slice(0, at), field.slice(at + 1)] as const);
      }),
    );
    const on = fields.get("disabled") !== "true";
    const type = fields.get("type");
    if (type === "sbom") asked.sbom = on;
    else if (type === "provenance") {
      const mode = fields.get("mode") ?? "min";
      if (mode !== "min" && mode !== "max") throw invalid(`invalid mode ${JSON.stringify(mode)}`);
      const wanted = fields.get("version") ?? version;
      if (wanted !== "v0.2" && wanted !== "v1") throw invalid(`invalid provenance SLSA version: ${wanted}`);
      asked.provenance = on ? { mode, version: wanted } : undefined;
    } else throw invalid(`unknown attestation type ${JSON.stringify(type ?? text)}`);
  }
  return asked;
}
