import { mkdtempSync } from "node:fs";
import { until } from "../harness.ts";
import { endRig } from "../leftovers.ts";

interface Reply {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/** Messages by which Chromium tells of what is wrong in a page. */
const complaints = new Set(["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"]);

/** Headless Chromium with one page, driven through its DevTools protocol. */
export class Browser implements AsyncDisposable {
  /** What the page's console and the browser's own checks (content policy among them) complained of. */
  readonly complaints: string[] = [];
  #next = 1;
  readonly #waiting = new Map<number, (reply: Reply) => void>();

  private constructor(
    private readonly child: Bun.Subprocess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.addEventListener("message", ({ data }) => {
      const reply: Reply = JSON.parse(String(data));
      if (reply.id !== undefined) return this.#waiting.get(reply.id)?.(reply);
      if (!complaints.has(reply.method ?? "")) return;
      const text = JSON.stringify(reply.params);
      // Chromium breaks off requests when a network interface of the machine comes or goes, and sends them again.
      if (!text.includes("net::ERR_NETWORK_CHANGED")) this.complaints.push(text);
    });
  }

  static async start(): Promise<Browser> {
    const profile = mkdtempSync("/tmp/berth-registry-chromium-");
    const child = Bun.spawn(
      [
        "chromium",
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--window-size=1200,900",
        `--user-data-dir=${profile}`,
        "--remote-debugging-port=0",
        "about:blank",
      ],
      { stdin: "ignore", stdout: "ignore", stderr: "ignore", env: { ...process.env, HOME: profile } },
    );
    const port = await until(
      "Chromium's address",
      async () =>
        (
          await Bun.file(`${profile}/DevToolsActivePort`)
            .text()
            .catch(() => "")
        ).split("\n")[0],
    );
    const target = await until("a page", async () => {
      const list = await fetch(`http://127.0.0.1:${port}/json`).then(
        (response) => response.json() as Promise<{ type: string; webSocketDebuggerUrl: string }[]>,
        () => [],
      );
      return list.find(({ type }) => type === "page");
    });
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    const browser = new Browser(child, profile, socket);
    for (const domain of ["Page", "Runtime", "Log"]) await browser.send(`${domain}.enable`);
    return browser;
  }

  async send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = this.#next++;
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
    this.#waiting.delete(id);
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result ?? {};
  }

  async go(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<any> {
    const { result, exceptionDetails } = (await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { result: { value: unknown }; exceptionDetails?: { text: string; exception?: { description: string } } };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** The page's visible text, once it contains `text`. */
  async sees(text: string): Promise<string> {
    try {
      return await until(`the page to show ${text}`, async () => {
        // While a page is taking another's place there is none to ask.
        const shown: unknown = await this.evaluate("document.body?.innerText ?? ''").catch(() => "");
        return typeof shown === "string" && shown.includes(text) ? shown : "";
      });
    } catch (error) {
      throw new Error(`${error}\n${await this.evaluate("document.body.innerText")}\n${this.complaints.join("\n")}`);
    }
  }

  /** A key, as a keyboard sends it: `Tab`, `Enter`, `Escape` or a character. */
  async press(key: string): Promise<void> {
    const codes: Record<string, number> = { Tab: 9, Enter: 13, Escape: 27 };
    const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
    const event = {
      key,
      code: key.length === 1 ? "" : key,
      windowsVirtualKeyCode: codes[key] ?? key.toUpperCase().charCodeAt(0),
      ...(text ? { text } : {}),
    };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  /** Presses the button (or link) with this text or label. */
  async click(label: string): Promise<void> {
    await until(`something called ${label}`, () =>
      this.evaluate(`(() => {
        const all = [...document.querySelectorAll("dialog[open] button, dialog[open] a")];
        const list = all.length ? all : [...document.querySelectorAll("button, a")];
        const label = ${JSON.stringify(label)};
        const it = list.find((e) => e.textContent.trim() === label || e.getAttribute("aria-label") === label);
        it?.click();
        return !!it;
      })()`),
    );
  }

  async media(scheme: "light" | "dark"): Promise<void> {
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  async screenshot(path: string): Promise<void> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    await Bun.write(path, Buffer.from(String(data), "base64"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It may be gone before it answers.
    void this.send("Browser.close").catch(() => {});
    await Promise.race([this.child.exited, Bun.sleep(5000)]);
    this.socket.close();
    this.child.kill("SIGKILL");
    await this.child.exited;
    await endRig({ root: this.profile });
  }
}
