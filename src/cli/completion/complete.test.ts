import { expect, test } from "bun:test";
import { runCli, stubEngine } from "../testing.ts";

async function complete(...words: string[]): Promise<string[]> {
  await using engine = stubEngine({
    "GET /containers/json": ({ query }) =>
      Response.json(
        [
          { Names: ["/web", "/other/alias"], Image: "nginx", Status: "Up 2 hours", State: "running" },
          { Names: ["/job"], Image: "busybox", Status: "Exited (0)", State: "exited" },
        ].filter(({ State }) => !query["filters"]?.includes("status") || query["filters"].includes(State)),
      ),
    "GET /images/json": () => Response.json([{ RepoTags: ["busybox:latest", "<none>:<none>"] }, { RepoTags: null }]),
    "GET /networks": () =>
      Response.json([
        { Name: "bridge", Driver: "bridge" },
        { Name: "backend", Driver: "bridge" },
      ]),
    "GET /info": () =>
      Response.json({ Plugins: { Volume: ["local", "nfs"], Network: ["bridge", "overlay"], Log: ["json-file"] } }),
    "GET /volumes": () => Response.json({ Volumes: [{ Name: "data", Driver: "local" }] }),
  });
  const { stdout } = await runCli(["__complete", "--", ...words], { engine });
  return stdout.trimEnd().split("\n");
}

test("commands, with what they do", async () => {
  expect(await complete("netw")).toEqual(["network\tManage networks", ":4"]);
  expect(await complete("network", "in")).toEqual(["inspect\tShow all that is known of networks", ":4"]);
  expect(await complete("--context", "x", "imag")).toEqual(["image\tManage images", "images\tList images", ":4"]);
  expect(await complete("nope", "")).toEqual([":4"]);
  expect(await complete("network", "nope", "")).toEqual([":4"]);
  expect(await complete("trust", "key", "ge")).toEqual(["generate\tMake a key pair for signing", ":4"]);
});

test("flags, and values after them", async () => {
  expect(await complete("run", "--netw")).toEqual(expect.arrayContaining([expect.stringMatching(/^--network\t/)]));
  expect(await complete("run", "--network", "b")).toEqual(["bridge\tbridge", "backend\tbridge", ":4"]);
  expect(await complete("run", "--network=ba")).toEqual(["--network=backend\tbridge", ":4"]);
  expect(await complete("run", "-it", "-v", "da")).toEqual(["data\tlocal", ":4"]);
  expect(await complete("ps", "--filter", "sta")).toEqual(["status=", ":2"]);
  expect(await complete("run", "--env-file", "")).toEqual([":0"]);
  expect(await complete("run", "--cap-add", "SYS_T")).toEqual(["SYS_TIME", "SYS_TTY_CONFIG", ":4"]);
});

test("names of what there is", async () => {
  expect(await complete("rm", "")).toEqual(["web\tnginx, Up 2 hours", "job\tbusybox, Exited (0)", ":4"]);
  expect(await complete("container", "rm", "-f", "j")).toEqual(["job\tbusybox, Exited (0)", ":4"]);
  expect(await complete("start", "")).toEqual(["job\tbusybox, Exited (0)", ":4"]);
  expect(await complete("run", "--rm", "-it", "bu")).toEqual(["busybox:latest", ":4"]);
  expect(await complete("network", "connect", "b")).toEqual(["bridge\tbridge", "backend\tbridge", ":4"]);
  expect(await complete("network", "connect", "bridge", "w")).toEqual(["web\tnginx, Up 2 hours", ":4"]);
  expect(await complete("image", "list", "b")).toEqual(["busybox:latest", ":4"]);
});

test("drivers are those that the engine has", async () => {
  expect(await complete("network", "create", "--driver", "")).toEqual(["bridge", "overlay", ":4"]);
  expect(await complete("volume", "create", "-d", "n")).toEqual(["nfs", ":4"]);
  expect(await complete("run", "--volume-driver", "")).toEqual(["local", "nfs", ":4"]);
  expect(await complete("run", "--log-driver", "")).toEqual(["json-file", "none", ":4"]);
});

test("after the command of run and exec, everything is the container's", async () => {
  expect(await complete("exec", "web", "--he")).toEqual([":0"]);
  expect(await complete("run", "busybox", "")).toEqual([":0"]);
});

test("an engine that does not answer completes to nothing", async () => {
  const { stdout, code } = await runCli(["__completeNoDesc", "--", "rm", ""], {
    env: { DOCKER_HOST: "unix:///nonexistent" },
  });
  expect([stdout, code]).toEqual([":4\n", 0]);
});
