import { h } from "./elements.js";

/** @param {number} bytes */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  return `${unit === 0 ? bytes : bytes.toPrecision(3)} ${units[unit]}`;
}

/** @param {string} digest */
export const short = (digest) => digest.replace(/^sha\d+:/, "").slice(0, 12);

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** @param {number | string} time */
export function ago(time) {
  const date = new Date(time);
  const seconds = (date.getTime() - Date.now()) / 1000;
  if (Number.isNaN(seconds)) return h("time", { datetime: "", title: "" });
  /** @type {[Intl.RelativeTimeFormatUnit, number][]} */
  const units = [
    ["year", 31_556_952],
    ["month", 2_629_746],
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ];
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  const text = Math.abs(seconds) < 10 ? "just now" : relative.format(Math.round(seconds / length), unit);
  return h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, text);
}
