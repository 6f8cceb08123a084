/**
 * Leaves out the fields whose value is undefined, as JSON does, and keeps the order of the others. Say the type:
 * `present<Volume>({ Name: name, Driver: maybe })`.
 */
export function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T;
export function present(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
