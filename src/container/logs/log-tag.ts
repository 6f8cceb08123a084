import { invalid } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import { commandOf } from "../../runtime/bundle/command.ts";
import type { ContainerRecord } from "../record.ts";

/** What the log option `tag` may name, as in `{{.ImageName}}/{{.Name}}`. */
const fields = new Map<string, (c: ContainerRecord) => string>(
  Object.entries({
    ID: (c) => shortId(c.id),
    FullID: (c) => c.id,
    Name: (c) => c.name,
    ImageID: (c) => shortId((c.imageId ?? "").replace(/^sha256:/, "")),
    ImageFullID: (c) => c.imageId ?? "",
    ImageName: (c) => c.spec.config.Image ?? "",
    Command: (c) => commandOf(c.spec.config).join(" "),
    DaemonName: () => "docker",
  }),
);

/** The log option `tag`, its fields filled in. Throws `invalid` for a field that there is not. */
export function renderLogTag(template: string, c: ContainerRecord): string {
  if (/\{\{(?!.*?\}\})/.test(template)) throw invalid("template: log-tag:1: unclosed action");
  return template.replace(/\{\{\s*(.*?)\s*\}\}/g, (action: string, expression: string, at: number) => {
    const value = expression.startsWith(".") ? fields.get(expression.slice(1)) : undefined;
    if (!value) {
      const place = `log-tag:1:${at + action.indexOf(expression)}: executing "log-tag" at <${expression}>`;
      throw invalid(`template: ${place}: can't evaluate field ${expression.replace(/^\./, "")} in type *logger.Info`);
    }
    return value(c);
  });
}
