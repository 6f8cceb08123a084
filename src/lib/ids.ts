/** A new 64-digit hex identifier, as Docker gives to containers, execs and networks. */
export function newId(): string {
  const id = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
  // A short id that reads as a decimal number would be taken for one (a hostname, for example).
  return /^\d{12}/.test(id) ? newId() : id;
}

/** The 12-digit form that people see. A leading `sha256:` is dropped. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
