/** Go types, as far as templates can tell them apart. */
export type FieldType =
  | { kind: "string" | "int" | "float" | "bool" | "any" | "time" | "duration" }
  | { kind: "slice" | "map" | "pointer"; of: FieldType }
  | { kind: "struct"; shape: () => Shape };

export interface Field {
  name: string;
  json: string;
  type: FieldType;
}

/** A Go struct type: its name, and its fields in order, by Go name. */
export interface Shape {
  name: string;
  fields: ReadonlyMap<string, Field>;
  byJson: ReadonlyMap<string, Field>;
}
