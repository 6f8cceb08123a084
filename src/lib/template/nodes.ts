/** The parse tree of Go's text/template. `pos` is an offset in the template's text. */
export interface TextNode {
  kind: "text";
  pos: number;
  text: string;
}
export interface ActionNode {
  kind: "action";
  pos: number;
  pipe: PipeNode;
}
export interface PipeNode {
  kind: "pipe";
  pos: number;
  declares: string[];
  assigns: boolean;
  commands: CommandNode[];
}
export interface CommandNode {
  kind: "command";
  pos: number;
  args: Operand[];
}
export interface IdentifierNode {
  kind: "identifier";
  pos: number;
  name: string;
}
/** `.A.B`: the chain of names from dot. */
export interface FieldNode {
  kind: "field";
  pos: number;
  names: string[];
}
/** `$x.A.B`: `names[0]` is the variable, with its dollar. */
export interface VariableNode {
  kind: "variable";
  pos: number;
  names: string[];
}
/** `(pipeline).A.B` */
export interface ChainNode {
  kind: "chain";
  pos: number;
  on: Operand;
  names: string[];
}
export interface DotNode {
  kind: "dot";
  pos: number;
}
export interface NilNode {
  kind: "nil";
  pos: number;
}
export interface BoolNode {
  kind: "bool";
  pos: number;
  value: boolean;
}
export interface StringNode {
  kind: "string";
  pos: number;
  source: string;
  value: string;
}
export interface NumberNode {
  kind: "number";
  pos: number;
  source: string;
  value: number | bigint;
  isInt: boolean;
}
export interface BranchNode {
  kind: "if" | "with" | "range";
  pos: number;
  pipe: PipeNode;
  body: ListNode;
  otherwise: ListNode | null;
}
export interface JumpNode {
  kind: "break" | "continue";
  pos: number;
}
export interface TemplateNode {
  kind: "template";
  pos: number;
  name: string;
  pipe: PipeNode | null;
}
export interface ListNode {
  kind: "list";
  pos: number;
  nodes: Node[];
}
/** Only while parsing: what ends a list. */
export type EndNode = { kind: "end"; pos: number } | { kind: "else"; pos: number };

export type Operand =
  | IdentifierNode
  | FieldNode
  | VariableNode
  | ChainNode
  | DotNode
  | NilNode
  | BoolNode
  | StringNode
  | NumberNode
  | PipeNode;
export type Node = TextNode | ActionNode | BranchNode | JumpNode | TemplateNode;

/** The node as Go writes it in error texts. */
export function showNode(node: Operand | CommandNode | Node): string {
  switch (node.kind) {
    case "identifier":
      return node.name;
    case "field":
      return node.names.map((name) => `.${name}`).join("");
    case "variable":
      return node.names.join(".");
    case "chain": {
      const on = node.on.kind === "pipe" ? `(${showNode(node.on)})` : showNode(node.on);
      return on + node.names.map((name) => `.${name}`).join("");
    }
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "bool":
      return String(node.value);
    case "string":
      return node.source;
    case "number":
      return node.source;
    case "command":
      return node.args.map((arg) => (arg.kind === "pipe" ? `(${showNode(arg)})` : showNode(arg))).join(" ");
    case "pipe": {
      const declares = node.declares.length > 0 ? `${node.declares.join(", ")} ${node.assigns ? "=" : ":="} ` : "";
      return declares + node.commands.map(showNode).join(" | ");
    }
    case "text":
      return node.text;
    case "action":
      return `{{${showNode(node.pipe)}}}`;
    case "if":
    case "with":
    case "range":
      return `{{${node.kind} ${showNode(node.pipe)}}}`;
    case "break":
    case "continue":
      return `{{${node.kind}}}`;
    case "template":
      return `{{template ${JSON.stringify(node.name)}${node.pipe ? ` ${showNode(node.pipe)}` : ""}}}`;
  }
}
