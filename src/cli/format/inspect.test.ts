import { expect, test } from "bun:test";
import { compileShapes } from "../../lib/template/shape.ts";
import { inspectAll } from "./inspect.ts";
/** Templates and what docker 28.2.2 `volume inspect --format` printed for testdata/volume.json, stderr after stdout. */
import recorded from "./testdata/templates.json";
import volume from "./testdata/volume.json" with { type: "text" };

const shape = compileShapes(`
Volume volume.Volume
  ClusterVolume *ClusterVolume
  CreatedAt string
  Driver string
  Labels map[string]string
  Mountpoint string
  Name string
  Options map[string]string
  Scope string
  Status map[string]any
  UsageData *UsageData
ClusterVolume volume.ClusterVolume
  ID string
UsageData volume.UsageData
  RefCount int
  Size int
`)("Volume");

async function inspect(format: string, rawToo = false): Promise<string> {
  try {
    const { stdout, errors } = await inspectAll(["x"], format, async () => ({ raw: String(volume), shape, rawToo }));
    return stdout + errors.map((error) => `${error.message}\n`).join("");
  } catch (error) {
    return error instanceof Error ? `${error.message}\n` : String(error);
  }
}

for (const [template = "", output = ""] of recorded) {
  test(`--format ${template}`, async () => {
    expect(await inspect(template)).toBe(output);
  });
}

test("a template that does not fit the type runs on the raw JSON", async () => {
  expect(await inspect("{{.Status.S.X.Y}}", true)).toBe("z\n");
  expect(await inspect("{{.Nothing}}", true)).toBe(
    '\ntemplate parsing error: template: :1:2: executing "" at <.Nothing>: map has no entry for key "Nothing"\n',
  );
});

test("without a template the JSON comes indented, its numbers and order untouched", async () => {
  const { stdout } = await inspectAll(["a", "b"], "", async (name) => ({
    raw: `{"z":1.50,"a":9223372036854775807,"n":"${name}","e":{},"l":[1,[]]}`,
  }));
  expect(stdout).toBe(`[
    {
        "z": 1.50,
        "a": 9223372036854775807,
        "n": "a",
        "e": {},
        "l": [
            1,
            []
        ]
    },
    {
        "z": 1.50,
        "a": 9223372036854775807,
        "n": "b",
        "e": {},
        "l": [
            1,
            []
        ]
    }
]
`);
});

test("errors are collected; what was found is printed", async () => {
  const { stdout, errors } = await inspectAll(["a", "b"], "json", async (name) => {
    if (name === "b") throw new Error("no such thing: b");
    return { raw: '{ "n": "a b" }' };
  });
  expect(stdout).toBe('[{"n":"a b"}]\n');
  expect(errors.map((error) => error.message)).toEqual(["no such thing: b"]);
});

test("nothing found is an empty list, or an empty line with a template", async () => {
  const missing = async () => {
    throw new Error("no");
  };
  expect((await inspectAll(["a"], "", missing)).stdout).toBe("[]\n");
  expect((await inspectAll(["a"], "{{.Id}}", missing)).stdout).toBe("\n");
});
