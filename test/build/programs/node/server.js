const http = require("node:http");
const ms = require("ms");
const semver = require("semver");

http
  .createServer((_request, response) => {
    response.end(
      JSON.stringify({
        day: ms("1d"),
        newer: semver.gt("2.0.0", "1.9.9"),
        user: process.getuid(),
        environment: process.env.NODE_ENV,
      }),
    );
  })
  .listen(Number(process.env.PORT), "0.0.0.0");
