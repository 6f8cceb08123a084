import { expect, test } from "bun:test";
import { Glob } from "bun";
import { pageFiles } from "./page-files.ts";

test("every file for the browser is served, under its own path", async () => {
  const folder = `${import.meta.dir}/../page/browser`;
  const served = new Map(pageFiles.map(({ path, content }) => [path, content]));
  for await (const file of new Glob("**/*").scan(folder)) {
    expect(served.get(`/-/${file}`)).toBe(await Bun.file(`${folder}/${file}`).text());
    served.delete(`/-/${file}`);
  }
  expect([...served.keys()]).toEqual(["/"]);
});
