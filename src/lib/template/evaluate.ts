import { errorMessage } from "../errors.ts";
import { quote } from "../go-quote.ts";
import type { FunctionTable, GoFunction, ParamType } from "./functions.ts";
import type { CommandNode, Node, Operand, PipeNode } from "./nodes.ts";
import { showNode } from "./nodes.ts";
import { TemplateError } from "./parse.ts";
import { wrap } from "./shape.ts";
import { GoTime } from "./time.ts";
import {
  elements,
  Float,
  fieldTypeName,
  GoMap,
  HeaderRow,
  isObject,
  isTrue,
  kindOf,
  type Method,
  Row,
  Struct,
  TypedNil,
  typeName,
} from "./value.ts";
import type { Variables } from "./variables.ts";

export interface ExecOptions {
  functions: FunctionTable;
  /** The template's name in error texts. */
  name: string;
  /** `error`: a missing map key is an error; else it prints as `<no value>`. */
  missingKey?: "error";
}

/** In the place of the last argument of a command that is not fed by a pipe. */
const absent = Symbol("absent");

/**
 * What pipes, operands and calls of a template come to.
 * `undefined` is Go's invalid value (a missing map entry) and `null` a nil interface.
 */
export class Evaluation {
  /** What is looked at: errors name its place. */
  #node: Operand | CommandNode | Node | null = null;

  /** `text`: the template's source. */
  constructor(
    private readonly text: string,
    private readonly variables: Variables,
    private readonly options: ExecOptions,
  ) {}

  /** Errors from here on are at this node. */
  at(node: Node): void {
    this.#node = node;
  }

  fail(message: string): never {
    const node = this.#node;
    if (!node) throw new TemplateError(`template: ${this.options.name}: ${message}`);
    const before = this.text.slice(0, node.pos);
    const line = before.split("\n").length;
    const column = node.pos - (before.lastIndexOf("\n") + 1);
    throw new TemplateError(
      `template: ${this.options.name}:${line}:${column}: executing ${quote(this.options.name)} at ` +
        `<${showNode(node)}>: ${message}`,
    );
  }

  /** `dot`: the value of `.` */
  pipe(dot: unknown, pipe: PipeNode): unknown {
    this.#node = pipe;
    let value: unknown = absent;
    for (const command of pipe.commands) {
      value = this.#command(dot, command, value);
      // A nil interface loses its type on the way, as in Go.
      if (value === null) value = undefined;
    }
    for (const name of pipe.declares) {
      if (!pipe.assigns) this.variables.declare(name, value);
      else if (!this.variables.assign(name, value)) this.fail(`undefined variable: ${name}`);
    }
    return value;
  }

  #command(dot: unknown, command: CommandNode, last: unknown): unknown {
    const [first] = command.args;
    if (!first) return undefined;
    switch (first.kind) {
      case "field":
        this.#node = first;
        return this.#chain(dot, dot, first, first.names, command.args, last);
      case "chain":
        return this.#chainNode(dot, first, command.args, last);
      case "identifier":
        return this.#function(dot, first, command, command.args, last);
      case "variable":
        return this.#variableNode(dot, first, command.args, last);
      case "pipe":
        this.#notAFunction(command.args, last);
        return this.pipe(dot, first);
    }
    this.#node = first;
    this.#notAFunction(command.args, last);
    switch (first.kind) {
      case "dot":
        return dot;
      case "nil":
        return this.fail("nil is not a command");
      default:
        return constant(first);
    }
  }

  #notAFunction(args: Operand[], last: unknown) {
    const [first] = args;
    if (first && (args.length > 1 || last !== absent))
      this.fail(`can't give argument to non-function ${showNode(first)}`);
  }

  #variableNode(dot: unknown, node: Operand & { kind: "variable" }, args: Operand[], last: unknown): unknown {
    const [name = "", ...names] = node.names;
    const variable = this.variables.find(name);
    if (!variable) this.fail(`undefined variable: ${name}`);
    const { value } = variable;
    if (names.length === 0) {
      this.#notAFunction(args, last);
      return value;
    }
    this.#node = node;
    return this.#chain(dot, value, node, names, args, last);
  }

  #chainNode(dot: unknown, node: Operand & { kind: "chain" }, args: Operand[], last: unknown): unknown {
    this.#node = node;
    if (node.on.kind === "nil") this.fail(`indirection through explicit nil in ${showNode(node)}`);
    const on = this.#argument(dot, node.on, null);
    return this.#chain(dot, on, node, node.names, args, last);
  }

  #chain(dot: unknown, receiver: unknown, node: Operand, names: string[], args: Operand[], last: unknown): unknown {
    let value = receiver;
    names.forEach((name, i) => {
      const isLast = i === names.length - 1;
      value = this.#field(dot, value, node, name, isLast ? args : [], isLast ? last : absent);
    });
    return value;
  }

  #field(dot: unknown, receiver: unknown, node: Operand, name: string, args: Operand[], last: unknown): unknown {
    if (receiver === undefined) {
      if (this.options.missingKey === "error") this.fail(`nil data; no entry for key ${quote(name)}`);
      return undefined;
    }
    if (receiver === null) this.fail(`nil pointer evaluating interface {}.${name}`);
    const method = methodOf(receiver, name);
    if (method) {
      const kind = receiver instanceof Row && receiver.untyped.includes(name) ? "any" : "string";
      return this.#call(dot, fromMethod(method, kind), node, name, args, last);
    }
    const hasArgs = args.length > 1 || last !== absent;
    if (receiver instanceof Struct) {
      const field = receiver.shape.fields.get(name);
      if (field) {
        if (hasArgs) this.fail(`${name} has arguments but cannot be invoked as function`);
        return wrap(field.type, receiver.json[field.json]);
      }
    } else if (kindOf(receiver) === "map") {
      if (hasArgs) this.fail(`${name} is not a method but has arguments`);
      const value = lookUp(receiver, name);
      if (value === undefined && this.options.missingKey === "error")
        this.fail(`map has no entry for key ${quote(name)}`);
      return value;
    } else if (receiver instanceof TypedNil && receiver.type.kind === "pointer") {
      const of = receiver.type.of;
      if (of.kind !== "struct" || of.shape().fields.has(name))
        this.fail(`nil pointer evaluating ${fieldTypeName(receiver.type)}.${name}`);
    }
    this.fail(`can't evaluate field ${name} in type ${typeName(receiver)}`);
  }

  #function(
    dot: unknown,
    node: Operand & { kind: "identifier" },
    at: Operand | CommandNode,
    args: Operand[],
    last: unknown,
  ): unknown {
    this.#node = node;
    const fn = Object.hasOwn(this.options.functions, node.name) ? this.options.functions[node.name] : undefined;
    if (!fn) this.fail(`${quote(node.name)} is not a defined function`);
    if (fn.shortCircuit !== undefined) return this.#shortCircuit(dot, fn.shortCircuit, node.name, args, last);
    return this.#call(dot, fn, at, node.name, args, last);
  }

  #shortCircuit(dot: unknown, stopsAt: boolean, name: string, args: Operand[], last: unknown): unknown {
    const given = args.slice(1);
    if (given.length === 0 && last === absent) this.fail(`wrong number of args for ${name}: want at least 1 got 0`);
    let value: unknown;
    for (const arg of given) {
      value = this.#argument(dot, arg, "any");
      if (isTrue(value) === stopsAt) return value;
    }
    return last === absent ? value : last;
  }

  #call(
    dot: unknown,
    fn: GoFunction,
    at: Operand | CommandNode,
    name: string,
    args: Operand[],
    last: unknown,
  ): unknown {
    const given = args.slice(1);
    const count = given.length + (last === absent ? 0 : 1);
    if (fn.variadic !== undefined) {
      if (count < fn.params.length)
        this.fail(`wrong number of args for ${name}: want at least ${fn.params.length} got ${given.length}`);
    } else if (count !== fn.params.length) {
      this.fail(`wrong number of args for ${name}: want ${fn.params.length} got ${count}`);
    }
    const typeAt = (i: number): ParamType => fn.params[i] ?? fn.variadic ?? "any";
    const values = given.map((arg, i) => this.#argument(dot, arg, typeAt(i)));
    if (last !== absent) values.push(this.#validate(last, typeAt(given.length)));
    try {
      return fn.call(...values);
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      this.#node = at;
      return this.fail(`error calling ${name}: ${errorMessage(error)}`);
    }
  }

  /** Evaluates an argument for a parameter of a type; null takes any type. */
  #argument(dot: unknown, arg: Operand, type: ParamType | null): unknown {
    this.#node = arg;
    switch (arg.kind) {
      case "dot":
        return this.#validate(dot, type);
      case "nil":
        if (type === "string" || type === "int") this.fail(`cannot assign nil to ${type}`);
        return undefined;
      case "field":
        return this.#validate(this.#chain(dot, dot, arg, arg.names, [arg], absent), type);
      case "variable":
        return this.#validate(this.#variableNode(dot, arg, [], absent), type);
      case "pipe":
        return this.#validate(this.pipe(dot, arg), type);
      case "identifier":
        return this.#validate(this.#function(dot, arg, arg, [], absent), type);
      case "chain":
        return this.#validate(this.#chainNode(dot, arg, [], absent), type);
    }
    const value = constant(arg);
    if (type === "string" && typeof value !== "string") this.fail(`expected string; found ${showNode(arg)}`);
    if (type === "int" && (arg.kind !== "number" || kindOf(value) !== "int"))
      this.fail(`expected integer; found ${showNode(arg)}`);
    if (type === "strings") this.fail(`can't handle ${showNode(arg)} for arg of type []string`);
    return value;
  }

  #validate(value: unknown, type: ParamType | null): unknown {
    if (type === null || type === "any") return value === null ? undefined : value;
    if (value === undefined || value === null) {
      if (type === "strings") return [];
      this.fail(`invalid value; expected ${type}`);
    }
    const kind = kindOf(value);
    if (type === "string" && kind === "string") return value;
    if (type === "int" && kind === "int") return Number(value);
    if (type === "strings" && kind === "slice") {
      const items = elements(value, wrap);
      if (items.every((item) => typeof item === "string")) return items;
    }
    this.fail(`wrong type for value; expected ${type === "strings" ? "[]string" : type}; got ${typeName(value)}`);
  }
}

function constant(node: Operand): unknown {
  if (node.kind === "number") return node.isInt ? node.value : new Float(Number(node.value));
  return node.kind === "bool" || node.kind === "string" ? node.value : undefined;
}

function methodOf(receiver: unknown, name: string): Method | null {
  if (receiver instanceof Row) return Object.hasOwn(receiver.methods, name) ? (receiver.methods[name] ?? null) : null;
  if (receiver instanceof GoTime) return receiver.method(name);
  if (receiver instanceof HeaderRow && name === "Label") {
    return (label: string) => (label.split(".").at(-1) ?? "").replace(/[-_]/g, " ");
  }
  return null;
}

/** A method as a function; `kind` of all its parameters. */
function fromMethod(method: Method, kind: ParamType): GoFunction {
  const call: (...args: never[]) => unknown = method;
  return { params: Array.from({ length: method.length }, () => kind), call };
}

function lookUp(map: unknown, key: string): unknown {
  if (map instanceof GoMap) return Object.hasOwn(map.json, key) ? wrap(map.type.of, map.json[key]) : undefined;
  if (map instanceof HeaderRow) return Object.hasOwn(map.titles, key) ? map.titles[key] : undefined;
  if (isObject(map)) return Object.hasOwn(map, key) ? map[key] : undefined;
  return undefined;
}
