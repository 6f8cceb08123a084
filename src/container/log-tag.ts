import { invalid } from "../lib/errors.ts";
import { shortId } from "../lib/ids.ts";
import { commandOf } from "../runtime/spec/command.ts";
import type { ContainerRecord } from "./record.ts";

/** What the log option `tag` may name, as in `{{.ImageName}}/{{.Name}}`. */
const fields: Record<string, (c: ContainerRecord) => string> = {
  ID: (c) => shortId(c.id),
  FullID: (c) => c.id,
  Name: (c) => c.name,
  ImageID: (c) => shortId((c.imageId ?? "").replace(/^sha256:/, "")),
  ImageFullID: (c) => c.imageId ?? "",
  ImageName: (c) => c.spec.config.Image ?? "",
  Command: (c) => commandOf(c.spec.config).join(" "),
  DaemonName: () => "docker",
};

/** The log option `tag`, its fields filled in. Throws `invalid` for a field that there is not. */
export function renderLogTag(template: string, c: ContainerRecord): string {
  return template.replace(/\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    const value = expression.startsWith(".") ? fields[expression.slice(1)] : undefined;
    if (!value) throw invalid(`template: log-tag: can't evaluate field ${expression.replace(/^\./, "")} in type logger.Info`);
    return value(c);
  });
}
