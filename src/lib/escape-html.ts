/** Escapes `<`, `>` and `&` in JSON, as Go's `json.Marshal` does and an encoder with HTML escaping off does not. */
export function escapeHtml(json: string): string {
  return json.replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}
