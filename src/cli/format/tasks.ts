import type { Task } from "../../api/types/swarm.ts";
import { GoTime } from "../../lib/template/time.ts";
import { Row } from "../../lib/template/value.ts";
import { shownImage } from "./image-name.ts";
import { capitalized } from "./nodes.ts";
import { humanDuration } from "./units.ts";

export const taskTitles = {
  ID: "ID",
  Name: "NAME",
  Image: "IMAGE",
  Node: "NODE",
  DesiredState: "DESIRED STATE",
  CurrentState: "CURRENT STATE",
  Error: "ERROR",
  Ports: "PORTS",
};

/** A task with the names that it does not have itself. */
export interface NamedTask {
  task: Task;
  name: string;
  node: string;
}

const columns = ["ID", "Name", "Image", "Node", "DesiredState", "CurrentState", "Error", "Ports"];

/** The template behind `--format` and `-q` of task lists. */
export function taskFormat(source: string, quiet: boolean): string {
  if (source === "table") return quiet ? "{{.ID}}" : `table ${columns.map((name) => `{{.${name}}}`).join("\t")}`;
  if (source === "raw") return quiet ? "id: {{.ID}}" : rawForm;
  return source;
}

const rawForm =
  "id: {{.ID}}\nname: {{.Name}}\nimage: {{.Image}}\nnode: {{.Node}}\ndesired_state: {{.DesiredState}}\n" +
  "current_state: {{.CurrentState}}\nerror: {{.Error}}\nports: {{.Ports}}\n";

const longestError = 30;

/** `short`: ids, image names and errors are cut. */
export function taskRow({ task, name, node }: NamedTask, short: boolean): Row {
  const { ID = "", Spec, Status, DesiredState } = task;
  return new Row("*task.taskContext", {
    ID: () => (short ? ID.slice(0, 12) : ID),
    Name: () => name,
    Image: () => {
      const image = Spec?.ContainerSpec?.Image ?? "";
      return short ? shownImage(image) : image;
    },
    Node: () => node,
    DesiredState: () => capitalized(DesiredState),
    CurrentState: () => `${capitalized(Status?.State)} ${age(Status?.Timestamp)} ago`,
    Error: () => quoted(Status?.Err ?? "", short),
    Ports: () =>
      (Status?.PortStatus?.Ports ?? [])
        .map(({ PublishedPort = 0, TargetPort = 0, Protocol = "" }) => `*:${PublishedPort}->${TargetPort}/${Protocol}`)
        .join(","),
  });
}

function age(moment: string | undefined): string {
  return humanDuration(Date.now() - (GoTime.parse(moment ?? "") ?? GoTime.zero).ms).toLowerCase();
}

function quoted(error: string, short: boolean): string {
  if (error === "") return "";
  return `"${short && error.length > longestError ? `${error.slice(0, longestError - 1)}…` : error}"`;
}
