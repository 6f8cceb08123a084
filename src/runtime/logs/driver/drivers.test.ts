import { logDriverSuite } from "./driver.suite.ts";
import { fluentd } from "./fluentd.ts";
import { gelf } from "./gelf.ts";
import { journald } from "./journald.ts";
import { jsonFile } from "./json-file.ts";
import { local } from "./local.ts";
import { none } from "./none.ts";
import { splunk } from "./splunk.ts";
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
logDriverSuite({ driver: journald, options: { tag: "x", "labels-regex": "^a" } });
const udp = "udp://127.0.0.1:12201";
const tcp = "tcp://127.0.0.1:12201";
logDriverSuite({
  driver: gelf,
  needs: { "gelf-address": udp },
  options: { "gelf-compression-type": "zlib", "gelf-compression-level": "-1" },
  refused: [
    [{ "gelf-address": "" }, "gelf-address is a required parameter"],
    [{ "gelf-address": "unix:///a" }, "gelf: endpoint needs to be TCP or UDP"],
    [{ "gelf-address": "tcp://a" }, "gelf: please provide gelf-address as proto://host:port"],
    [{ "gelf-compression-type": "lz4" }, 'unknown value "lz4" for log opt "gelf-compression-type" for gelf log driver'],
    [{ "gelf-compression-level": "10" }, 'unknown value "10" for log opt "gelf-compression-level"'],
    [{ "gelf-address": tcp, "gelf-compression-type": "gzip" }, "compression is only supported on UDP"],
    [{ "gelf-tcp-max-reconnect": "1" }, '"gelf-tcp-max-reconnect" is only valid for TCP'],
    [{ "gelf-address": tcp, "gelf-tcp-max-reconnect": "-1" }, '"gelf-tcp-max-reconnect" must be a positive integer'],
  ],
});
logDriverSuite({
  driver: fluentd,
  options: { "fluentd-address": "127.0.0.1", "fluentd-async": "true", "fluentd-retry-wait": "1s" },
  refused: [
    [{ "fluentd-address": "foo://x" }, "invalid fluentd-address (foo://x): unsupported scheme: 'foo'"],
    [{ "fluentd-address": "tcp://x/y" }, "invalid fluentd-address (tcp://x/y): should not contain a path element"],
    [{ "fluentd-async": "maybe" }, 'strconv.ParseBool: parsing "maybe": invalid syntax'],
    [{ "fluentd-buffer-limit": "abc" }, "invalid size: 'abc'"],
    [{ "fluentd-retry-wait": "5" }, 'time: missing unit in duration "5"'],
    [{ "fluentd-max-retries": "-1" }, 'strconv.ParseUint: parsing "-1": invalid syntax'],
    [{ "fluentd-async-reconnect-interval": "1ms" }, 'value ("1ms") must be between 100ms and 10s'],
    [{ "fluentd-write-timeout": "x" }, 'value must be a duration: time: invalid duration "x"'],
    [{ "fluentd-async-connect": "true" }, "unknown log opt 'fluentd-async-connect' for fluentd log driver"],
  ],
});
logDriverSuite({ driver: splunk, options: { "splunk-url": "http://127.0.0.1:8088", "splunk-token": "x" } });
