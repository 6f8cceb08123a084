import api from "../page/browser/api.js" with { type: "text" };
import elements from "../page/browser/elements.js" with { type: "text" };
import notices from "../page/browser/notices.js" with { type: "text" };
import style from "../page/browser/page.css" with { type: "text" };
import page from "../page/browser/page.js" with { type: "text" };
import session from "../page/browser/session.js" with { type: "text" };
import text from "../page/browser/text.js" with { type: "text" };
import history from "../page/browser/views/history.js" with { type: "text" };
import image from "../page/browser/views/image.js" with { type: "text" };
import remove from "../page/browser/views/remove.js" with { type: "text" };
import repositories from "../page/browser/views/repositories.js" with { type: "text" };
import repository from "../page/browser/views/repository.js" with { type: "text" };
import { shell } from "../page/shell.ts";

interface PageFile {
  path: string;
  type: string;
  content: string;
}

const scripts = {
  "page.js": page,
  "api.js": api,
  "elements.js": elements,
  "notices.js": notices,
  "session.js": session,
  "text.js": text,
  "views/history.js": history,
  "views/image.js": image,
  "views/remove.js": remove,
  "views/repositories.js": repositories,
  "views/repository.js": repository,
};

/** The files of the web page, by the address at which each is served: those of `page/browser` under `/-/`. */
export const pageFiles: readonly PageFile[] = [
  { path: "/", type: "text/html", content: shell(Object.keys(scripts)) },
  { path: "/-/page.css", type: "text/css", content: style },
  ...Object.entries(scripts).map(([path, content]) => ({ path: `/-/${path}`, type: "text/javascript", content })),
];
