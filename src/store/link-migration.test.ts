import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { migrations } from "./migrations/index.ts";

test("links of containers that an older engine made become rows", () => {
  using store = new Database(":memory:", { strict: true });
  const at = migrations.findIndex(({ name }) => name === "0008-link");
  for (const { sql } of migrations.slice(0, at)) store.run(sql);
  const insert = (id: string, spec: object) =>
    store.run("INSERT INTO container (id, name, created, config_json, state_json) VALUES (?, ?, '', ?, '{}')", [
      id,
      `name-${id}`,
      JSON.stringify(spec),
    ]);
  insert("web", {
    mounts: [],
    links: [
      { containerId: "db", alias: "u" },
      { containerId: "gone", alias: "v" },
      { containerId: "db", alias: "v" },
    ],
  });
  insert("db", { mounts: [], links: [] });

  store.run(migrations[at]?.sql ?? "");

  expect(store.query("SELECT * FROM link ORDER BY rowid").all()).toEqual([
    { parent_id: "web", alias: "u", child_id: "db", child_name: null },
    { parent_id: "web", alias: "v", child_id: "gone", child_name: null },
  ]);
  expect(
    store
      .query<{ config_json: string }, []>("SELECT config_json FROM container")
      .all()
      .map((row) => row.config_json),
  ).toEqual(Array(2).fill('{"mounts":[]}'));
});
