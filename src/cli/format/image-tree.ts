import type { ImageSummary } from "../../api/types/image.ts";
import { shortId } from "../../lib/ids.ts";
import type { CommandDeps } from "../deps.ts";
import { formatPlatform } from "../platform.ts";
import { isDangling } from "./images.ts";
import { type Style, styles } from "./style.ts";
import { humanSize } from "./units.ts";
import { displayWidth, ellipsis } from "./width.ts";

interface Details {
  id: string;
  diskUsage: string;
  contentSize: string;
  inUse: boolean;
}
interface Child extends Details {
  platform: string;
  available: boolean;
}
interface Tree extends Details {
  names: string[];
  created: number;
  children: Child[];
}

interface Column {
  title: string;
  width: number;
  right?: boolean;
  value?: (details: Details) => string;
}

const spacing = 3;

function toTree(image: ImageSummary): Tree {
  const manifests = image.Manifests ?? [];
  const children: Child[] = [];
  for (const { ID, Kind, ImageData, Available, Size } of manifests) {
    if (Kind !== "image" || !ImageData) continue;
    children.push({
      platform: formatPlatform(ImageData.Platform),
      available: Available,
      id: ID,
      inUse: (ImageData.Containers ?? []).length > 0,
      diskUsage: humanSize(Size.Total, 3),
      contentSize: humanSize(Size.Content, 3),
    });
  }
  return {
    names: [...(image.RepoTags ?? [])].sort((a, b) => b.length - a.length),
    created: image.Created,
    children,
    id: image.Id,
    inUse: image.Containers > 0 || children.some(({ inUse }) => inUse),
    diskUsage: humanSize(image.Size, 3),
    contentSize: humanSize(
      manifests.reduce((sum, { Size }) => sum + Size.Content, 0),
      3,
    ),
  };
}

/** Prints images with the platforms below each, newest first, fitted to the terminal. */
export function printImageTree({ out, env }: CommandDeps, images: readonly ImageSummary[], all: boolean): void {
  const trees = images
    .filter((image) => all || !isDangling(image))
    .map(toTree)
    .sort((a, b) => b.created - a.created);
  const style = styles(out.isTerminal && !env["NO_COLOR"]);
  const isTerminal = out.isTerminal;
  const columns = Math.max(20, out.size()[0] || 80);
  const warning = "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.";
  out.write(`${style.warning(warning)}\n`);
  const chip = isTerminal ? style.chip(" U ") : "U";
  const legend = `${isTerminal ? style.info() : " Info -> "} ${chip} In Use `;
  out.write(`${" ".repeat(Math.max(0, columns - displayWidth(Bun.stripANSI(legend))))}${legend}\n\n`);

  const anyInUse = trees.some(({ inUse }) => inUse);
  const none = isTerminal ? "   " : " ";
  const table = fit(columns, trees, [
    { title: "IMAGE", width: 0 },
    { title: "ID", width: 12, value: ({ id }) => shortId(id) },
    { title: "DISK USAGE", width: 10, right: true, value: ({ diskUsage }) => diskUsage },
    { title: "CONTENT SIZE", width: 12, right: true, value: ({ contentSize }) => contentSize },
    { title: "EXTRA", width: 5, value: ({ inUse }) => (anyInUse ? (inUse ? chip : none) : "") },
  ]);
  const [first = { title: "", width: 0 }] = table;
  const gap = " ".repeat(spacing);
  const cells = (details: Details, paint: Style) =>
    table
      .filter(({ value }) => value)
      .map(
        (column) =>
          gap + cell(column, column.value?.(details) ?? "", column.title === "EXTRA" ? (text) => text : paint),
      )
      .join("");
  out.write(`${table.map((column) => cell(column, column.title, style.title)).join(gap)}\n`);
  const spaced = trees.some(({ children }) => children.length > 0);
  for (const tree of trees) {
    if (tree.names.length === 0) out.write(cell(first, "<untagged>", style.faint));
    tree.names.forEach((name, i) => {
      out.write(
        i < tree.names.length - 1
          ? `${style.name(isTerminal ? ellipsis(name, columns) : name)}\n`
          : cell(first, name, style.name),
      );
    });
    out.write(cells(tree, style.plain));
    if (spaced) out.write("\n");
    tree.children.forEach((child, i) => {
      const paint = child.available ? style.plain : style.faint;
      const branch = i < tree.children.length - 1 ? "├─" : "└─";
      out.write(`${cell(first, `${branch} ${child.platform}`, paint)}${cells(child, paint)}\n`);
    });
    out.write("\n");
  }
}

/** Gives the first column what it needs and drops the columns that do not fit any more. */
function fit(columns: number, trees: readonly Tree[], table: Column[]): Column[] {
  let room = columns;
  let kept = table;
  for (const [i, { width }] of table.entries()) {
    if (width === 0) continue;
    if (room - width - spacing < 12) {
      kept = table.slice(0, i);
      break;
    }
    room -= width + spacing;
  }
  const names = trees.flatMap(({ names, children }) => [
    ...names.map((name) => name.length),
    ...children.map(({ platform }) => platform.length + 7),
  ]);
  const [first, ...rest] = kept;
  return first ? [{ ...first, width: Math.min(room, Math.max(5, ...names)) }, ...rest] : [];
}

function cell({ width, right }: Column, text: string, paint: Style): string {
  const size = displayWidth(Bun.stripANSI(text));
  if (size > width) return paint(ellipsis(text, width));
  const fill = " ".repeat(width - size);
  return right ? fill + paint(text) : paint(text) + fill;
}
