import { logDriverSuite } from "./driver.suite.ts";
import { jsonFile } from "./json-file.ts";
import { local } from "./local.ts";
import { none } from "./none.ts";
import { syslog } from "./syslog.ts";

const size: [Record<string, string>, string] = [{ "max-size": "much" }, "invalid size: 'much'"];
logDriverSuite({ driver: jsonFile, options: { "max-size": "1m", labels: "a", tag: "{{.Name}}" }, refused: [size] });
logDriverSuite({
  driver: local,
  options: { "max-size": "1m", compress: "false" },
  refused: [size, [{ tag: "x" }, "unknown log opt 'tag' for log driver local"]],
});
logDriverSuite({ driver: none, options: { "max-size": "1m" } });
logDriverSuite({
  driver: syslog,
  options: { "syslog-address": "udp://127.0.0.1", "syslog-format": "rfc5424micro", "syslog-facility": "local3" },
  refused: [
    [{ "syslog-address": "http://a" }, "unsupported scheme: 'http'"],
    [{ "syslog-address": "127.0.0.1:1" }, 'parse "127.0.0.1:1": first path segment in URL cannot contain colon'],
    [{ "syslog-address": "unix:///nonexist" }, "stat /nonexist: no such file or directory"],
    [{ "syslog-facility": "local9" }, "invalid syslog facility"],
    [{ "syslog-format": "rfc1" }, "Invalid syslog format"],
    [{ "cache-disabled": "q" }, "invalid value for option cache-disabled: q"],
    [{ "cache-max-size": "q" }, "invalid value for option cache-max-size: invalid size: 'q'"],
    [{ "max-buffer-size": "q", mode: "non-blocking" }, "error parsing option max-buffer-size: invalid size: 'q'"],
  ],
});
