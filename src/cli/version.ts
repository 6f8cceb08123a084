import manifest from "../../package.json" with { type: "json" };

/** The client's version, that of package.json. */
export const version: string = manifest.version;
