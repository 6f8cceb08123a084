/**
 * Starts containers as a daemon would, says their ids, and waits to be killed. Arguments: root, instance, then a JSON
 * list of what to start.
 */
import { newId } from "../../src/lib/ids.ts";
import { attachTask } from "../../src/runtime/attach.ts";
import { createTask } from "../../src/runtime/create.ts";
import { execTask } from "../../src/runtime/exec.ts";
import { startTask } from "../../src/runtime/start.ts";
import { RuntimeHost } from "./host.ts";

export interface Plan {
  args: string[];
  tty?: boolean;
  openStdin?: boolean;
  /** Attach a client that reads nothing. */
  attached?: boolean;
  /** Create, but do not start. */
  createOnly?: boolean;
  /** Run this inside. */
  exec?: string[];
  maxSize?: number;
}

const [root = "", instance = "", plans = "[]"] = process.argv.slice(2);
const host = RuntimeHost.at(root, instance);
const ids: string[] = [];
for (const plan of JSON.parse(plans) as Plan[]) {
  const id = newId();
  const spec = await host.spec(id, { Cmd: plan.args, Tty: plan.tty ?? false });
  await createTask(host.deps, {
    id,
    spec,
    runtime: "",
    tty: plan.tty ?? false,
    openStdin: plan.openStdin ?? false,
    stdinOnce: false,
    logPath: host.logPath(id),
    ...(plan.maxSize && { logLimits: { maxSize: plan.maxSize, maxFiles: 5, compress: true } }),
  });
  if (plan.attached) await attachTask(host.deps, id);
  if (!plan.createOnly) await startTask(host.deps, id);
  if (plan.exec) {
    await execTask(host.deps, {
      containerId: id,
      execId: newId(),
      process: { ...spec.process, args: plan.exec },
      tty: false,
      stdin: false,
      attach: false,
    });
  }
  ids.push(id);
}
console.log(JSON.stringify(ids));
setInterval(() => {}, 60_000);
