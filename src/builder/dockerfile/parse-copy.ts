import type { CopyOptions, InstructionBody } from "./instructions.ts";
import { jsonForm } from "./json-form.ts";
import { heredocOf, rawWords } from "./lex.ts";
import { missingArgument, type Reading } from "./reading.ts";

/** COPY, from the context, a stage, an image or a named context. */
export function parseCopy(reading: Reading): InstructionBody {
  const from = reading.flags.one("from");
  return { kind: "COPY", ...copyOptions(reading), ...(from && { from }) };
}

/** ADD, which also takes URLs, repositories and archives. */
export function parseAdd(reading: Reading): InstructionBody {
  const checksum = reading.flags.one("checksum");
  const unpack = reading.flags.optionalBool("unpack");
  return {
    kind: "ADD",
    ...copyOptions(reading),
    keepGitDir: reading.flags.bool("keep-git-dir"),
    ...(checksum !== undefined && { checksum }),
    ...(unpack !== undefined && { unpack }),
  };
}

function copyOptions({ line, flags, escape, fail, failGrammar }: Reading): CopyOptions {
  const words = jsonForm(line.rest, failGrammar) ?? rawWords(line.rest, escape);
  const destination = words.pop();
  if (destination === undefined || words.length === 0) {
    return fail(
      destination === undefined ? `${line.keyword} requires at least two arguments` : missingArgument(line.keyword),
    );
  }
  if (heredocOf(destination)) fail(`${line.keyword} cannot accept a heredoc as a destination`);
  const named = words.map((word) => ({ word, name: heredocOf(word)?.name }));
  const inline = named.flatMap(({ name }) => line.heredocs.find((doc) => doc.name === name) ?? []);
  const chown = flags.one("chown");
  const chmod = flags.one("chmod");
  return {
    sources: named.flatMap(({ word, name }) => (name === undefined ? [word] : [])),
    inline,
    destination,
    link: flags.bool("link"),
    parents: flags.bool("parents"),
    exclude: flags.list("exclude"),
    ...(chown !== undefined && { chown }),
    ...(chmod !== undefined && { chmod }),
  };
}
