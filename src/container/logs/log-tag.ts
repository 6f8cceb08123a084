import { invalid } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import { parseTemplate, TemplateError } from "../../lib/template/template.ts";
import { GoMap, Row } from "../../lib/template/value.ts";
import { commandOf } from "../../runtime/bundle/command.ts";
import type { ContainerRecord } from "../record.ts";

/** How templates name what they see, in errors. */
const TYPE = "*logger.Info";

/**
 * The log option `tag`, a Go template such as `{{.ImageName}}/{{.Name}}`, filled in. `attributes`: the labels and
 * variables that the options name. Throws `invalid` in the words of Go.
 */
export function renderLogTag(template: string, c: ContainerRecord, attributes: Record<string, string>): string {
  try {
    return parseTemplate(template, "log-tag").run(seenByTag(c, attributes));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw invalid(error.message, error);
  }
}

function seenByTag(c: ContainerRecord, attributes: Record<string, string>): Row {
  const { config, hostConfig } = c.spec;
  const imageId = c.imageId ?? "";
  const imageName = config.Image ?? "";
  const [entrypoint = "", ...args] = commandOf(config);
  const texts = (json: Readonly<Record<string, string>>) => new GoMap({ kind: "map", of: { kind: "string" } }, json);
  const methods = {
    ID: () => shortId(c.id),
    FullID: () => c.id,
    Name: () => c.name,
    ImageID: () => shortId(imageId),
    ImageFullID: () => imageId,
    ImageName: () => imageName,
    Command: () => commandOf(config).join(" "),
    DaemonName: () => "docker",
    Config: () => texts(hostConfig.LogConfig?.Config ?? {}),
    ContainerID: () => c.id,
    ContainerName: () => `/${c.name}`,
    ContainerEntrypoint: () => entrypoint,
    ContainerArgs: () => args,
    ContainerImageID: () => imageId,
    ContainerImageName: () => imageName,
    ContainerCreated: () => c.created,
    ContainerEnv: () => config.Env ?? [],
    ContainerLabels: () => texts(config.Labels ?? {}),
    LogPath: () => "",
    ExtraAttributes: (_rename: unknown) => texts(attributes),
  };
  return new Row(TYPE, methods, ["ExtraAttributes"]);
}
