import { logDriverSuite } from "./driver.suite.ts";
import { jsonFile } from "./json-file.ts";
import { local } from "./local.ts";
import { none } from "./none.ts";

const size: [Record<string, string>, string] = [{ "max-size": "much" }, "invalid size: 'much'"];
logDriverSuite({ driver: jsonFile, options: { "max-size": "1m", labels: "a", tag: "{{.Name}}" }, refused: [size] });
logDriverSuite({
  driver: local,
  options: { "max-size": "1m", compress: "false" },
  refused: [size, [{ tag: "x" }, "unknown log opt 'tag' for log driver local"]],
});
logDriverSuite({ driver: none, refused: [[{ "max-size": "1m" }, "unknown log opt 'max-size' for log driver none"]] });
