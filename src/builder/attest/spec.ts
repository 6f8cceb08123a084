import { invalid } from "../../lib/errors.ts";

/** Which attestations a build makes. */
export interface AttestRequest {
  sbom: boolean;
  provenance: "min" | "max" | undefined;
}

/**
 * Reads `type=sbom` and `type=provenance,mode=max` (`--attest`); the last of a type counts, `disabled=true` takes it
 * back. Throws `invalid`.
 */
export function parseAttests(list: readonly string[]): AttestRequest {
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
      if (mode !== "min" && mode !== "max") throw invalid(`unsupported provenance mode: ${mode}`);
      asked.provenance = on ? mode : undefined;
    } else throw invalid(`unknown attestation type ${JSON.stringify(type ?? text)}`);
  }
  return asked;
}
