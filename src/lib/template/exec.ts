import { quote } from "../go-quote.ts";
import { Evaluation, type ExecOptions } from "./evaluate.ts";
import type { ListNode, Node, PipeNode } from "./nodes.ts";
import type { Parsed } from "./parse.ts";
import { show } from "./print.ts";
import { wrap } from "./shape.ts";
import { elements, entries, isTrue, kindOf } from "./value.ts";
import { Variables } from "./variables.ts";

const jump = { break: Symbol("break"), continue: Symbol("continue") };

/**
 * Runs a parsed template on a value and hands each piece of output to `write`. Inside, `undefined` is Go's
 * invalid value (a missing map entry) and `null` a nil interface.
 */
export function execute(
  parsed: Parsed,
  text: string,
  data: unknown,
  write: (piece: string) => void,
  options: ExecOptions,
): void {
  const variables = new Variables();
  const evaluation = new Evaluation(text, variables, options);
  variables.apart(data, () => new Execution(parsed, write, variables, evaluation).list(data, parsed.root));
}

/** Walks the template; methods give the jump (`break`, `continue`) by which they were left, or null. */
class Execution {
  constructor(
    private readonly parsed: Parsed,
    private readonly write: (piece: string) => void,
    private readonly variables: Variables,
    private readonly evaluation: Evaluation,
  ) {}

  list(dot: unknown, list: ListNode): symbol | null {
    for (const node of list.nodes) {
      const left = this.#walk(dot, node);
      if (left) return left;
    }
    return null;
  }

  #walk(dot: unknown, node: Node): symbol | null {
    this.evaluation.at(node);
    switch (node.kind) {
      case "text":
        this.write(node.text);
        return null;
      case "action": {
        const value = this.evaluation.pipe(dot, node.pipe);
        if (node.pipe.declares.length === 0) this.write(value === undefined ? "<no value>" : show(value));
        return null;
      }
      case "break":
      case "continue":
        return jump[node.kind];
      case "if":
      case "with": {
        const count = this.variables.count;
        const value = this.evaluation.pipe(dot, node.pipe);
        let left: symbol | null = null;
        if (isTrue(value)) left = this.list(node.kind === "with" ? value : dot, node.body);
        else if (node.otherwise) left = this.list(dot, node.otherwise);
        this.variables.end(count);
        return left;
      }
      case "range": {
        const count = this.variables.count;
        this.#range(dot, node.pipe, node.body, node.otherwise);
        this.variables.end(count);
        return null;
      }
      case "template": {
        const body = this.parsed.defined.get(node.name);
        if (!body) this.evaluation.fail(`template ${quote(node.name)} not defined`);
        const value = node.pipe ? this.evaluation.pipe(dot, node.pipe) : undefined;
        this.variables.apart(value, () => this.list(value, body));
        return null;
      }
    }
  }

  #range(dot: unknown, pipe: PipeNode, body: ListNode, otherwise: ListNode | null) {
    const items = this.#items(this.evaluation.pipe(dot, pipe), pipe);
    const count = this.variables.count;
    for (const [index, item] of items) {
      const [first, second] = pipe.declares;
      if (second !== undefined) {
        this.#set(first ?? "", index, pipe.assigns, count - 2);
        this.#set(second, item, pipe.assigns, count - 1);
      } else if (first !== undefined) this.#set(first, item, pipe.assigns, count - 1);
      const left = this.list(item, body);
      this.variables.end(count);
      if (left === jump.break) break;
    }
    if (items.length === 0 && otherwise) this.list(dot, otherwise);
  }

  /** What `range` goes through: indexes or keys, and what lies there. */
  #items(value: unknown, pipe: PipeNode): [unknown, unknown][] {
    switch (kindOf(value)) {
      case "slice":
        return elements(value, wrap).map((item, i) => [i, item]);
      case "map":
        return entries(value, wrap);
      case "int":
        if (pipe.declares.length > 1)
          this.evaluation.fail(`can't use ${show(value)} to iterate over more than one variable`);
        return Array.from({ length: Math.max(0, Number(value)) }, (_, i) => [i, i]);
      case "invalid":
        return [];
      default:
        return this.evaluation.fail(`range can't iterate over ${show(value)}`);
    }
  }

  /** A variable of `range`: the pipe declared it at `position`, or it is one from outside. */
  #set(name: string, value: unknown, assigns: boolean, position: number) {
    if (!assigns) this.variables.replace(position, name, value);
    else if (!this.variables.assign(name, value)) this.evaluation.fail(`undefined variable: ${name}`);
  }
}
