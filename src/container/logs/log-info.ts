import { hostname } from "node:os";
import { commandOf } from "../../runtime/bundle/command.ts";
import type { LogInfo } from "../../runtime/logs/send/receiver.ts";
import type { ContainerRecord } from "../record.ts";
import { chosenAttributes, logPatterns } from "./log-attributes.ts";
import { renderLogTag } from "./log-tag.ts";

/** The tag where none is given. */
const defaultTag = "{{.ID}}";

/** What receivers are told of a container. Throws where the options of its log make no sense. */
export async function logInfo(c: ContainerRecord): Promise<LogInfo> {
  const { config, hostConfig } = c.spec;
  const options = hostConfig.LogConfig?.Config ?? {};
  const attributes = chosenAttributes(c, await logPatterns(options));
  return {
    containerId: c.id,
    containerName: c.name,
    imageId: c.imageId ?? "",
    imageName: config.Image ?? "",
    command: commandOf(config),
    created: c.created,
    env: config.Env ?? [],
    labels: config.Labels ?? {},
    options,
    tag: renderLogTag(options.tag || defaultTag, c, attributes),
    attributes,
    hostname: hostname(),
  };
}
