/** A ship, in the address bar's size. */
const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E" +
  "%3Cpath fill='%230b6bcb' d='M1 9h14l-2 5H3zM4 4h3v4H4zm4-2h3v6H8z'/%3E%3C/svg%3E";

/** The page's frame; page.js fills it. `scripts`: all its modules, which the browser then fetches at once. */
export const shell = (scripts: readonly string[]) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Berth registry</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="/-/page.css">
${scripts.map((script) => `<link rel="modulepreload" href="/-/${script}">`).join("\n")}
<script type="module" src="/-/page.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<a class="brand" href="#/">Berth <span>registry</span></a>
<form id="search" role="search"><input id="query" type="search" placeholder="Search repositories ( / )"
  aria-label="Search repositories" autocomplete="off" spellcheck="false"></form>
<div id="who"></div>
</header>
<main id="main" tabindex="-1" aria-live="polite"><noscript>This page needs JavaScript.
Everything it does, the registry's API does too.</noscript></main>
<dialog id="dialog"></dialog>
<div id="toast" role="status"></div>
</body>
</html>
`;
