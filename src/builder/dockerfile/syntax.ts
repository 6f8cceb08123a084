import { directivesOf } from "./lex.ts";

/** Whether a frontend's image stands for the language that this builder reads itself. */
export function isOwnFrontend(image: string): boolean {
  return /^(docker\.io\/)?docker\/dockerfile(-upstream)?([:@ ]|$)/.test(image);
}

/** The image that is to read a file, with what it is to be told: `# syntax=`. Undefined: the file names none. */
export function syntaxOf(text: string): string | undefined {
  return directivesOf(text).get("syntax")?.value || undefined;
}
