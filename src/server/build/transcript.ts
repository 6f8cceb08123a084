import type { ProgressEvent } from "../../api/progress.ts";
import type { BuildEvent, StepInfo } from "../../api/build-events.ts";
import { shortId } from "../../lib/ids.ts";

/** Of the checks of a Dockerfile the classic builder knows one; the others here are about the build itself. */
const toldHere = ({ rule, line }: Extract<BuildEvent, { kind: "warning" }>) => line === 0 || rule === "NoEmptyContinuation" || rule === "Syntax";

/** Output of a step that waits for its turn is kept up to here; then the oldest goes. */
const heldBytes = 4 * 1024 * 1024;

interface Told {
  step: StepInfo;
  text: string[];
  bytes: number;
  ended: boolean;
}

/**
 * A build's events as the stream that Docker's classic builder sends: `Step 1/3 : FROM …`, output, ` ---> id`.
 * Steps of stages that run side by side are told one after another.
 */
export async function* transcript(events: AsyncIterable<BuildEvent>): AsyncGenerator<ProgressEvent> {
  const steps = new Map<string, Told>();
  const order: Told[] = [];
  let announced = 0;
  let number = 0;
  const say = (told: Told, text: string) => {
    told.text.push(text);
    told.bytes += text.length;
    while (told.bytes > heldBytes && told.text.length > 1) told.bytes -= told.text.shift()?.length ?? 0;
  };
  const decoders = new Map<string, TextDecoder>();
  function* flush(): Generator<ProgressEvent> {
    for (let head = order[0]; head; head = order[0]) {
      if (head.text.length > 0) yield { stream: head.text.splice(0).join("") };
      head.bytes = 0;
      if (!head.ended) return;
      order.shift();
    }
  }
  for await (const event of events) {
    if (event.kind === "need") { yield { id: "berth.build", aux: event }; continue; }
    if (event.kind === "warning") { if (toldHere(event)) yield { stream: `[Warning] ${event.message}${event.line > 0 ? ` (line ${event.line})` : ""}\n` }; continue; }
    if (event.kind === "step") {
      steps.set(event.step.id, { step: event.step, text: [], bytes: 0, ended: false });
      if (event.step.total > 0) announced++;
      continue;
    }
    const told = steps.get(event.id);
    if (!told) continue;
    if (!order.includes(told) && !told.ended) {
      order.push(told);
      say(told, told.step.total > 0 ? `Step ${++number}/${announced} : ${told.step.text}\n` : `${told.step.text}\n`);
    }
    switch (event.kind) {
      case "started": break;
      case "cached": say(told, " ---> Using cache\n"); break;
      case "output": {
        const key = `${event.id} ${event.stream}`;
        const decoder = decoders.get(key) ?? new TextDecoder();
        decoders.set(key, decoder);
        say(told, decoder.decode(event.data, { stream: true }));
        break;
      }
      case "status": say(told, `${event.text}\n`); break;
      case "done":
        if (event.layer) say(told, ` ---> ${shortId(event.layer)}\n`);
        told.ended = true;
        break;
      case "failed": told.ended = true; break;
    }
    yield* flush();
  }
  for (const each of order) each.ended = true;
  yield* flush();
}
