import { expect, test } from "bun:test";
import { type ContainerRecord, newRunState } from "../record.ts";
import { renderLogTag } from "./log-tag.ts";

const c: ContainerRecord = {
  id: "0123456789abcdef".repeat(4),
  name: "web",
  imageId: `sha256:${"ab".repeat(32)}`,
  created: "2026-01-02T03:04:05Z",
  spec: {
    config: { Image: "nginx:1", Entrypoint: ["/run"], Cmd: ["a", "b"], Labels: { service: "shop" }, Env: ["A=1"] },
    hostConfig: {},
    endpoints: {},
    mounts: [],
    platform: "linux",
  },
  state: newRunState(),
};
const tag = (template: string) => renderLogTag(template, c, { A: "1", service: "shop" });

test.each([
  ["{{.ID}}", "0123456789ab"],
  ["{{.Name}}/{{.FullID}}", `web/${c.id}`],
  ["{{.ImageName}} {{.ImageID}}", "nginx:1 abababababab"],
  ["{{ .Command }} {{.DaemonName}}", "/run a b docker"],
  ['{{index .ContainerLabels "service"}}{{index .ContainerLabels "none"}}', "shop"],
  ["{{.ContainerLabels}} {{.ExtraAttributes nil}}", "map[service:shop] map[A:1 service:shop]"],
  ['{{with .Name}}{{upper .}}{{end}}{{if eq .ImageName "x"}}no{{else}}-yes{{end}}', "WEB-yes"],
  ["{{json .ContainerArgs}} {{join .ContainerArgs `+`}}", '["a","b"] a+b'],
  ["as it is", "as it is"],
])("%p is %p", (template, rendered) => expect(tag(template)).toBe(rendered));

test.each([
  ["{{.Foo}}", `template: log-tag:1:2: executing "log-tag" at <.Foo>: can't evaluate field Foo in type *logger.Info`],
  ["{{.ID", "template: log-tag:1: unclosed action"],
  ["{{nope}}", 'template: log-tag:1: function "nope" not defined'],
])("%p is refused", (template, words) => expect(() => tag(template)).toThrow(words));
