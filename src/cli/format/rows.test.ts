import { expect, test } from "bun:test";
import { Row } from "../../lib/template/value.ts";
import { plainRows } from "./print-rows.ts";
import { formatRows } from "./rows.ts";
import { alignTabs } from "./tabs.ts";
import { displayWidth, ellipsis } from "./width.ts";

const rows = [
  { id: "1", name: "a<b" },
  { id: "22222222222222", name: "" },
].map(
  ({ id, name }) =>
    new Row("*formatter.thing", { ID: () => id, Name: () => name, Label: (label: string) => `${label}!` }),
);
const titles = { ID: "THE ID", Name: "NAME" };

test("a table aligns its columns three spaces apart and ten wide", () => {
  expect(formatRows('table {{.ID}}\\t{{.Name}}\\t{{.Label "x.my-label"}}', titles, rows)).toBe(
    "THE ID           NAME      my label\n1                a<b       x.my-label!\n22222222222222             " +
      "x.my-label!\n",
  );
});

test("a header that is not known reads as Go prints a missing entry; functions leave titles alone", () => {
  expect(formatRows("table {{upper .ID}} {{.ID | len}} {{.Nope}}", titles, [])).toBe("THE ID 6 <no value>\n");
});

test("json has every method without parameters, sorted, with HTML escaped", () => {
  expect(formatRows("json", titles, rows.slice(0, 1))).toBe('{"ID":"1","Name":"a\\u003cb"}\n');
});

test("a method that is missing is an error", () => {
  expect(() => formatRows("{{.Nope}}", titles, rows)).toThrow(
    'template parsing error: template: :1:2: executing "" at <.Nope>: can\'t evaluate field Nope in type ' +
      "*formatter.thing",
  );
});

test("cells count columns of the terminal, not characters", () => {
  expect(displayWidth("日本e\u0301")).toBe(5);
  expect(alignTabs("日本語日本\tx\nabc\ty\n")).toBe("日本語日本   x\nabc          y\n");
});

test("a line without tabs interrupts the columns", () => {
  expect(alignTabs("aaaaaaaaaaaa\tb\nplain\nc\td\n")).toBe("aaaaaaaaaaaa   b\nplain\nc         d\n");
});

test("ellipsis", () => {
  expect(ellipsis("abcdef", 4)).toBe("abc…");
  expect(ellipsis("abc", 3)).toBe("abc");
  expect(ellipsis("日本語", 4)).toBe("日…");
});

test("formats that only name fields need no engine, and read the same", () => {
  for (const format of ["table {{.ID}}\\t{{ .Name }}", "{{.ID}} is {{.Name}}\\n", "table {{.ID}} {{.Name}}"]) {
    expect(plainRows(format, titles, rows)).toBe(formatRows(format, titles, rows));
  }
  for (const format of ["json", "{{upper .ID}}", "{{.Nope}}", "{{.Label}}", "{{json .}}"])
    expect(plainRows(format, titles, rows)).toBeNull();
});
