/** Things that have a path of their own. */
type PathKind =
  | "config"
  | "container"
  | "exec"
  | "image"
  | "network"
  | "node"
  | "plugin"
  | "secret"
  | "service"
  | "task"
  | "volume";

/** A name or id as one part of a request path; `kind` names the thing where it is empty. */
export function pathPart(kind: PathKind, name: string): string {
  if (name.trim() === "") throw new Error(`invalid ${kind} name or ID: value is empty`);
  // References keep their slashes, colons and @: they stand in the path as they are.
  return encodeURIComponent(name).replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%40/g, "@");
}
