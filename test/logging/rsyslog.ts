import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, until } from "../harness.ts";

/** A message as rsyslogd has understood it. */
export interface SyslogMessage {
  msg: string;
  rawmsg: string;
  hostname: string;
  programname: string;
  procid: string;
  msgid: string;
  syslogseverity: string;
  syslogfacility: string;
}

/** A real rsyslogd on ports and sockets of its own, whose messages go to a file. */
export class Rsyslog implements AsyncDisposable {
  readonly udp = freePort();
  readonly tcp = freePort();
  /** Sockets for datagrams, and for streams. */
  readonly socket: string;
  readonly stream: string;
  readonly #out: string;
  #process: Bun.Subprocess | null = null;

  /** `folder`: an empty one, for all that it has. */
  constructor(private readonly folder: string) {
    this.socket = join(folder, "log");
    this.stream = join(folder, "stream");
    this.#out = join(folder, "messages");
    mkdirSync(join(folder, "work"), { recursive: true });
    writeFileSync(
      join(folder, "rsyslog.conf"),
      `
global(workDirectory="${folder}/work" maxMessageSize="64k" net.enableDNS="off")
module(load="imudp")
module(load="imtcp")
module(load="imptcp")
module(load="imuxsock" SysSock.Use="off")
template(name="whole" type="list") { property(name="jsonmesg") constant(value="\\n") }
input(type="imudp" address="127.0.0.1" port="${this.udp}")
input(type="imtcp" address="127.0.0.1" port="${this.tcp}")
input(type="imptcp" path="${this.stream}")
input(type="imuxsock" Socket="${this.socket}" RateLimit.Interval="0" UseSysTimeStamp="off" UsePIDFromSystem="off")
action(type="omfile" file="${this.#out}" template="whole" fileCreateMode="0600")
`,
    );
  }

  async start(): Promise<void> {
    const args = ["-n", "-f", join(this.folder, "rsyslog.conf"), "-i", join(this.folder, "pid")];
    this.#process = Bun.spawn(["rsyslogd", ...args], {
      stdout: "ignore",
      stderr: Bun.file(join(this.folder, "errors")),
    });
    await until(
      "rsyslogd",
      () =>
        existsSync(this.socket) &&
        Bun.connect(this.#probe()).then(
          () => true,
          () => false,
        ),
    );
  }

  #probe() {
    return {
      hostname: "127.0.0.1",
      port: this.tcp,
      socket: { open: (socket: Bun.Socket) => void socket.end(), data() {} },
    };
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.#process?.kill(signal);
    await this.#process?.exited;
    this.#process = null;
  }

  get messages(): SyslogMessage[] {
    const text = existsSync(this.#out) ? readFileSync(this.#out, "utf8") : "";
    return text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  /** Waits for so many messages of a tag. */
  async of(tag: string, count: number): Promise<SyslogMessage[]> {
    const found = () => this.messages.filter(({ rawmsg }) => rawmsg.includes(tag));
    await until(`${count} messages of ${tag}`, () => found().length >= count);
    return found();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
