import { didYouMean } from "./distance.ts";
import { Flags } from "./flags.ts";
import type { Line } from "./lex.ts";
import { DockerfileError } from "./source.ts";

/** A logical line that is being read, and how it is refused: with a {@link DockerfileError} at its place. */
export interface Reading {
  line: Line;
  flags: Flags;
  /** The file's escape character. */
  escape: string;
  /** `near`: the text in the line that the error points at. */
  fail: (message: string, near?: string) => never;
  /** Refuses a line whose very form is wrong. */
  failGrammar: (message: string) => never;
}

/** For a line and the file's escape character. */
export function readingOf(line: Line, escape: string): Reading {
  const { range } = line;
  return {
    line,
    flags: new Flags(line),
    escape,
    fail: (message, near) => {
      throw new DockerfileError(message, range, near === undefined ? {} : { near });
    },
    failGrammar: (message) => {
      throw new DockerfileError(message, range, { ofGrammar: true });
    },
  };
}

/** Every instruction that a Dockerfile may hold, in upper case. */
export const keywords = [
  "ADD",
  "ARG",
  "CMD",
  "COPY",
  "ENTRYPOINT",
  "ENV",
  "EXPOSE",
  "FROM",
  "HEALTHCHECK",
  "LABEL",
  "MAINTAINER",
  "ONBUILD",
  "RUN",
  "SHELL",
  "STOPSIGNAL",
  "USER",
  "VOLUME",
  "WORKDIR",
];

/** How an instruction with too few words after it is refused. */
export function missingArgument(keyword: string): string {
  switch (keyword) {
    case "FROM":
      return "FROM requires either one or three arguments";
    case "COPY":
    case "ADD":
      return (
        `${keyword} requires at least two arguments, but only one was provided. Destination could not be ` +
        "determined"
      );
    case "ARG":
    case "ENV":
    case "LABEL":
    case "EXPOSE":
    case "VOLUME":
    case "SHELL":
    case "ONBUILD":
    case "HEALTHCHECK":
      return `${keyword} requires at least one argument`;
    default:
      return `${keyword} requires exactly one argument`;
  }
}

/** How a word that is no instruction is refused, in the letters of the file. */
export function unknownInstruction(text: string): string {
  const word = /^\S*/.exec(text)?.[0] ?? "";
  const capitals = word === word.toUpperCase();
  return `unknown instruction: ${word}${
    capitals
      ? didYouMean(word, keywords)
      : didYouMean(
          word.toLowerCase(),
          keywords.map((known) => known.toLowerCase()),
        )
  }`;
}
