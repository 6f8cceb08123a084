/** How secrets and configs are listed, and told of for people. */
import type { Config, Secret } from "../../api/types/swarm.ts";
import { own } from "../../lib/own.ts";
import { GoTime } from "../../lib/template/time.ts";
import { Row } from "../../lib/template/value.ts";
import { ago } from "./units.ts";

const titles = { ID: "ID", Name: "NAME", CreatedAt: "CREATED", UpdatedAt: "UPDATED", Labels: "LABELS" };
export const configTitles = titles;
export const secretTitles = { ...titles, Driver: "DRIVER" };

/** The template behind `--format` and `-q` of their lists. */
export function secretFormat(source: string, quiet: boolean): string {
  return listFormat(source, quiet, "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}");
}

export function configFormat(source: string, quiet: boolean): string {
  return listFormat(source, quiet, "table {{.ID}}\t{{.Name}}\t{{.CreatedAt}}\t{{.UpdatedAt}}");
}

function listFormat(source: string, quiet: boolean, table: string): string {
  return source !== "table" ? source : quiet ? "{{.ID}}" : table;
}

export function secretRow(secret: Secret): Row {
  return new Row("*secret.secretContext", { ...methods(secret), Driver: () => secret.Spec?.Driver?.Name ?? "" });
}

export function configRow(config: Config): Row {
  return new Row("*config.configContext", methods(config));
}

function methods({ ID = "", Spec: { Name = "", Labels = {} } = {}, CreatedAt = "", UpdatedAt = "" }: Config) {
  return {
    ID: () => ID,
    Name: () => Name,
    CreatedAt: () => age(CreatedAt),
    UpdatedAt: () => age(UpdatedAt),
    Labels: () =>
      Object.entries(Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    Label: (name: string) => own(Labels, name) ?? "",
  };
}

function age(moment: string): string {
  return ago((GoTime.parse(moment) ?? GoTime.zero).seconds);
}

/** A moment as Docker's pretty texts have it. */
export function prettyMoment(moment: string | undefined): string {
  return (GoTime.parse(moment ?? "") ?? GoTime.zero).toString().toLowerCase();
}

/** `Labels:` and a line for each; nothing where there is none. `mark` stands before each. */
export function prettyLabels(labels: Readonly<Record<string, string>> | null | undefined, mark = " - "): string {
  const lines = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (lines.length === 0) return "";
  return `Labels:\n${lines.map(([key, value]) => `${mark}${key}${value === "" ? "" : `=${value}`}\n`).join("")}`;
}

export function prettySecret({ ID = "", Spec, CreatedAt, UpdatedAt }: Secret): string {
  return `ID:              ${ID}
Name:              ${Spec?.Name ?? ""}
${prettyLabels(Spec?.Labels)}Driver:            ${Spec?.Driver?.Name ?? ""}
Created at:        ${prettyMoment(CreatedAt)}
Updated at:        ${prettyMoment(UpdatedAt)}
`;
}

export function prettyConfig({ ID = "", Spec, CreatedAt, UpdatedAt }: Config): string {
  return `ID:			${ID}
Name:			${Spec?.Name ?? ""}
${prettyLabels(Spec?.Labels)}Created at:            	${prettyMoment(CreatedAt)}
Updated at:            	${prettyMoment(UpdatedAt)}
Data:
${Buffer.from(Spec?.Data ?? "", "base64").toString()}
`;
}
